#!/usr/bin/env bash
# Inside the tree of the peers: steps per second of our Trainer and of transformers', in turns on the
# same machine with one thread. Prints one line of JSON a job, with medians.
# usage: tests/bench/against_python.sh TRAIN_BENCH [ROUNDS]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
program=$1
rounds=${2:-3}
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 PYTHONPATH=$here

for job in resnet:60 encoder-small:60 encoder-large:8; do
  name=${job%:*} updates=${job#*:}
  ours=() theirs=()
  for ((round = 0; round < rounds; ++round)); do
    ours+=("$("$program" "$name" "$updates" 2>/dev/null | grep '^{"job"')")
    theirs+=("$(python3 "$here/train_bench.py" "$name" "$updates" 2>/dev/null | grep '^{"job"')")
  done
  python3 - "$name" "${ours[@]}" -- "${theirs[@]}" <<'PY'
import json, statistics, sys
name, *rest = sys.argv[1:]
cut = rest.index("--")
ours, theirs = ([json.loads(line)["steps_per_second"] for line in part] for part in (rest[:cut], rest[cut + 1:]))
a, b = statistics.median(ours), statistics.median(theirs)
print(json.dumps({"job": name, "torchhub": a, "transformers": b, "ratio": round(a / b, 3),
                  "all": {"torchhub": ours, "transformers": theirs}}))
PY
done
