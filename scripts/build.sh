#!/usr/bin/env bash
# Configures and builds one preset (default: release). What demo.sh and test.sh call.
# usage: scripts/build.sh [PRESET]
set -euo pipefail
cd "$(dirname "$0")/.."

preset=${1:-release}
# Paths below the tree are the same to ccache wherever the tree lies.
export CCACHE_BASEDIR=$PWD
echo "build: preset $preset into build/$preset"
if ! log=$(cmake --preset "$preset" 2>&1); then
  printf '%s\n' "$log" >&2
  exit 1
fi
# As many as this process may use; nproc would take OMP_NUM_THREADS for an answer.
cmake --build --preset "$preset" -j "$(env -u OMP_NUM_THREADS nproc)"
