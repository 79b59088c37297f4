#!/usr/bin/env bash
# Every bench that needs this machine alone, one after another with one thread, as one JSON with the
# medians. Beside Python: against_python.sh, inside the tree of the peers.
# usage: tests/bench/run.sh BUILD_FOLDER [ROUNDS]     (default: 5 rounds)
set -euo pipefail
programs=$1/tests/bench
rounds=${2:-5}
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
lines=$(mktemp)
trap 'rm -f "$lines"' EXIT

# NAME COMMAND...: the JSON that a program prints, on one line under that name.
run() {
  local name=$1
  shift
  echo "$name: $*" >&2
  "$@" 2>/dev/null | sed -n '/^[[{]/,$p' | python3 -c '
import json, sys
text = sys.stdin.read()
start = text.find("{\"job") if "{\"job" in text else 0
print(json.dumps([sys.argv[1], json.loads(text[start:])]))' "$name" >> "$lines"
}

for job in nothing:2000 resnet:30 encoder-small:30; do
  run "loop ${job%:*}" "$programs/loop_bench" "${job%:*}" "${job#*:}" "$rounds"
done
for job in resnet:20 encoder-small:20 encoder-large:4; do
  for loop in hand trainer; do
    run "memory ${job%:*} $loop" "$programs/loop_bench" "${job%:*}" "${job#*:}" peak "$loop"
  done
done
run data "$programs/data_bench"
run dropout "$programs/dropout_bench" "$rounds"
files=$(mktemp -d)
run "live bytes" "$programs/live_bytes_bench" "$files" "$rounds"
rmdir "$files"
run optimizers "$programs/optimizer_bench"
run resume "$programs/resume_bench" "$rounds"

python3 - "$lines" <<'PY'
import json, os, platform, sys
figures = dict(json.loads(line) for line in open(sys.argv[1]))
cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "")
print(json.dumps({"cpu": cpu, "cores": os.cpu_count(), "system": platform.release(),
                  "threads": 1, "figures": figures}, indent=2))
PY
