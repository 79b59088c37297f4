#!/usr/bin/env bash
# How long training stands still in a save: SaveCopy::gate, SaveCopy::clone, and transformers' Trainer
# with the same model and the same bytes, in turns on the same machine with one thread. Prints a table
# of medians over all saves and their ratios, then the same as one line of JSON.
# usage: [ROUNDS=3] [JOB=encoder-large] [UPDATES=22] [SAVE_EVERY=4] \
#          tests/bench/saves_against_python.sh SAVE_BENCH PYTHON...
#   PYTHON...   tests/peers/enter.sh python3; inside the tree of the peers, python3. It is started in
#               the repository
set -euo pipefail
if [[ $# -lt 2 ]]; then
  sed -n '2,/^set /{s/^# \{0,1\}//p}' "$0" >&2
  exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
source "$here/lib.sh"
program=$(realpath "$1")
python=("${@:2}")
job=(${JOB:-encoder-large} ${UPDATES:-22} ${SAVE_EVERY:-4})
cd "$here/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export TMPDIR=$work  # for checkpoints: they go with it, however this ends

rounds=${ROUNDS:-3}
for ((round = 1; round <= rounds; ++round)); do
  for how in gate clone; do
    echo "round $round of $rounds: $how" >&2
    json_of "$program" "${job[@]}" "$how" >>"$work/lines"
  done
  echo "round $round of $rounds: transformers" >&2
  json_of "${python[@]}" tests/bench/save_bench.py "${job[@]}" >>"$work/lines"
done
python3 tests/bench/compare_saves.py "$work/lines"
