#!/usr/bin/env bash
# Runs ctest in a build folder and sums up: skipped tests by name, then `N passed, N failed`.
# Ends with 1 if a test failed or none ran. The report stays as BUILD_FOLDER/ctest-report.xml.
# usage: scripts/ctest.sh BUILD_FOLDER [ctest options]
set -euo pipefail

build=$(realpath "$1")
shift
report=$build/ctest-report.xml
rm -f "$report"
# Two OpenMP threads on two shared cores made a training step 50 times slower than one.
export OMP_NUM_THREADS=1
# A proxy of this system must not get what is meant for a server on loopback.
export no_proxy=127.0.0.1,localhost,::1
# As many as this process may use; nproc would take OMP_NUM_THREADS for an answer.
jobs=$(env -u OMP_NUM_THREADS nproc)
# A failed test shows in the report; count_tests.py decides.
ctest --test-dir "$build" -j "$jobs" --output-on-failure --output-junit "$report" "$@" || true
exec python3 "$(dirname "$0")/count_tests.py" "$report"
