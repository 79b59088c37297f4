#!/usr/bin/env bash
# Inside the tree of the peers (tests/peers/setup.sh makes it): builds torchhub against LibTorch 2.14
# into build/libtorch-2.14, runs its ctest, then the Python originals against our server and files
# (tests/peers/test_*.py). Ends with `N passed, N failed`, or with 77 where the tree is missing.
# Needs root or sudo (enter.sh).
#
# usage: tests/peers/run.sh [--plain] [--no-build] [--no-ctest] [--no-pytest] [--no-hub]
#                           [-- pytest arguments, default tests/peers]
#   --plain   the plain half alone, into build/peers-plain: minutes instead of a quarter of an hour
#   --no-hub  without a server, for tests of files alone: -- tests/peers/test_card.py
set -euo pipefail
exec "$(dirname "$0")/enter.sh" /bin/bash tests/peers/inside.sh "$@"
