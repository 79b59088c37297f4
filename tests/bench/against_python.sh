#!/usr/bin/env bash
# Inside the tree of the peers: steps per second of our Trainer, of transformers', and of LibTorch's
# forward and backward passes alone, in turns on the same machine with one thread. Prints one line of
# JSON a job, with medians.
# usage: tests/bench/against_python.sh TRAIN_BENCH [ROUNDS [JOB:UPDATES ...]]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
program=$1
rounds=${2:-3}
jobs=("${@:3}")
[[ ${#jobs[@]} -gt 0 ]] || jobs=(resnet:60 encoder-small:60 encoder-large:8)
source "$here/lib.sh"

for job in "${jobs[@]}"; do
  name=${job%:*} updates=${job#*:}
  ours=() theirs=() bare=()
  for ((round = 0; round < rounds; ++round)); do
    line=$(json_of "$program" "$name" "$updates")
    ours+=("$line")
    line=$(json_of "$program" "$name" "$updates" bare)
    bare+=("$line")
    line=$(json_of python3 "$here/train_bench.py" "$name" "$updates")
    theirs+=("$line")
  done
  python3 - "$name" "${ours[@]}" -- "${theirs[@]}" -- "${bare[@]}" <<'PY'
import json, statistics, sys
name, *rest = sys.argv[1:]
parts = " ".join(rest).split(" -- ")
who = ("torchhub", "transformers", "passes_alone")
rates = {}
for label, part in zip(who, parts):
    rates[label] = [json.loads(line + "}")["steps_per_second"] for line in part.split("}") if line.strip()]
medians = {label: statistics.median(rates[label]) for label in who}
print(json.dumps({"job": name, **medians,
                  "ratio": round(medians["torchhub"] / medians["transformers"], 3),
                  "ratio_of_passes_alone": round(medians["passes_alone"] / medians["transformers"], 3),
                  "all": rates}))
PY
done
