#!/usr/bin/env bash
# How much slower a run is that saves and pushes than one that does neither: in turns, with one thread,
# each push to a `torchhub serve` of its own on a free port of this machine, which gets its share of
# the cores. Prints both rates and the loss, then what the last pushing run says of its saves.
# usage: [ROUNDS=1] [JOB=encoder-large] [UPDATES=100] [SAVE_EVERY=50] \
#          tests/bench/saves_on_a_hub.sh BUILD_FOLDER
set -euo pipefail
if [[ $# -ne 1 ]]; then
  sed -n '2,/^set /{s/^# \{0,1\}//p}' "$0" >&2
  exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
source "$here/lib.sh"
build=$(realpath "$1")
save_bench=("$build/tests/bench/save_bench" ${JOB:-encoder-large} ${UPDATES:-100} ${SAVE_EVERY:-50})
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export TMPDIR=$work  # for checkpoints and the Hub's data: they go with it, however this ends

# A Hub that has the files already would get none of them.
on_a_hub() { TORCHHUB_BUILD_DIR=$build "$here/../peers/with_hub.sh" "$@"; }

rounds=${ROUNDS:-1}
for ((round = 1; round <= rounds; ++round)); do
  echo "round $round of $rounds: never" >&2
  json_of "${save_bench[@]}" never >>"$work/lines"
  echo "round $round of $rounds: push" >&2
  json_of on_a_hub "${save_bench[@]}" push >>"$work/lines"
done
python3 - "$work/lines" <<'PY'
import json, statistics, sys
runs = [json.loads(line) for line in open(sys.argv[1])]
rates = {how: [run["updates_per_second"] for run in runs if run["how"] == how] for how in ("never", "push")}
never, push = (statistics.median(rates[how]) for how in ("never", "push"))
loss = 100 * (1 - push / never)
print(f"updates a second: {never:.4f} without saves, {push:.4f} with saves and pushes: {loss:.2f} % lost")
print(json.dumps({"loss_percent": round(loss, 2), "updates_per_second": rates, "push": runs[-1]}))
if any(run["how"] == "push" and not run["pushed_all"] for run in runs):
    sys.exit("A push did not arrive: see what save_bench says.")
PY
