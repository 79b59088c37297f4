#!/usr/bin/env bash
# clang-tidy over the sources of the plain half (a second each), or over those named.
# usage: tools/tidy.sh [FILE...]      needs the preset `plain` configured: cmake --preset plain
set -euo pipefail
cd "$(dirname "$0")/.."
command -v clang-tidy >/dev/null || { echo "tools/tidy.sh: clang-tidy is not installed" >&2; exit 2; }
[[ -e build/plain/compile_commands.json ]] || cmake --preset plain >/dev/null

files=("$@")
if [[ ${#files[@]} -eq 0 ]]; then
  mapfile -t files < <(sed -n 's/^ *"file": "\(.*\/src\/.*\)",*$/\1/p' build/plain/compile_commands.json | sort -u)
fi
printf '%s\0' "${files[@]}" |
  xargs -0 -n 4 -P "$(nproc)" clang-tidy -p build/plain --quiet --extra-arg=-Wno-unknown-warning-option
