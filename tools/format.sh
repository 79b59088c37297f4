#!/usr/bin/env bash
# Formats every C++ file of the tree as .clang-format says; with --check only names those that differ.
# usage: tools/format.sh [--check] [FILE...]
set -euo pipefail
cd "$(dirname "$0")/.."
command -v clang-format >/dev/null || { echo "tools/format.sh: clang-format is not installed" >&2; exit 2; }

check=no
if [[ ${1:-} == --check ]]; then check=yes; shift; fi
files=("$@")
if [[ ${#files[@]} -eq 0 ]]; then
  mapfile -t files < <(git ls-files --cached --others --exclude-standard -- '*.h' '*.cpp')
fi
[[ ${#files[@]} -gt 0 ]] || exit 0
if [[ $check == yes ]]; then
  clang-format --dry-run --Werror "${files[@]}"
else
  clang-format -i "${files[@]}"
fi
