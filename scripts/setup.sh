#!/usr/bin/env bash
# Installs the Debian packages of scripts/packages.txt that are missing. Works as root or with sudo,
# asks nothing, and is over at once when everything is there.
set -euo pipefail
cd "$(dirname "$0")"

mapfile -t missing < <(grep -v '^#' packages.txt | ./missing_packages.sh)
if [[ ${#missing[@]} -eq 0 ]]; then
  echo "setup: every package of scripts/packages.txt is installed"
  exit 0
fi

as_root=(env DEBIAN_FRONTEND=noninteractive)
if [[ $(id -u) -ne 0 ]]; then
  if ! command -v sudo >/dev/null; then
    echo "setup: missing packages: ${missing[*]}" >&2
    echo "setup: run this as root, install sudo, or install them yourself" >&2
    exit 1
  fi
  as_root=(sudo "${as_root[@]}")
fi
echo "setup: installing ${missing[*]}"
"${as_root[@]}" apt-get update -q
"${as_root[@]}" apt-get install -q -y --no-install-recommends "${missing[@]}"
echo "setup: done"
