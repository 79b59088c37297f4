#!/usr/bin/env bash
# Installs what is missing, builds the release preset into build/release, and runs the main job:
# fine-tune, die half-way, continue from the hub's pinned revision, finish.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh
scripts/build.sh
exec scripts/run_demo.sh "$@"
