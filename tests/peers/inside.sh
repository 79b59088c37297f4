#!/usr/bin/env bash
# The part of run.sh that runs inside the tree: /srv is the repository, /tmp is empty, /opt the
# virtual environment with TensorBoard, /media that with the newest huggingface_hub, /home the
# JavaScript packages.
set -euo pipefail
cd /srv

build=build/libtorch-2.14
# -O1: what is asked here is whether it is right, not how fast; it compiles in two thirds of the time.
# That public headers stand alone does not depend on LibTorch's version.
configure=(--preset release -B "$build" -D CMAKE_CXX_FLAGS_RELEASE="-O1 -DNDEBUG" -D TORCHHUB_TEST_HEADERS=OFF)
do_build=yes do_ctest=yes do_pytest=yes
reports=()
with_hub=(tests/peers/with_hub.sh)
while [[ $# -gt 0 ]]; do
  case $1 in
    --plain)
      build=build/peers-plain
      configure=(--preset plain -B "$build") ;;
    --no-build) do_build=no ;;
    --no-ctest) do_ctest=no ;;
    --no-pytest) do_pytest=no ;;
    --no-hub) with_hub=() ;;
    --) shift; break ;;
    *) echo "run.sh: unknown option '$1'" >&2; exit 2 ;;
  esac
  shift
done

if [[ $do_build == yes ]]; then
  echo "peers: building into $build"
  cmake "${configure[@]}" >/tmp/configure.log 2>&1 || { cat /tmp/configure.log >&2; exit 1; }
  cmake --build "$build" -j "$(nproc --all)" -- -k 0  # every error, not only the first
fi
if [[ $do_ctest == yes ]]; then
  scripts/ctest.sh "$build" || true  # counted below
  reports+=("$build/ctest-report.xml")
fi
if [[ $do_pytest == yes ]]; then
  export TORCHHUB_BUILD_DIR=/srv/$build
  if [[ -x /opt/bin/python3 ]]; then export TORCHHUB_TENSORBOARD_PYTHON=/opt/bin/python3; fi
  if [[ -x /media/bin/python3 ]]; then export TORCHHUB_NEWEST_HUB_PYTHON=/media/bin/python3; fi
  if [[ -d /home/node_modules ]]; then export TORCHHUB_JAVASCRIPT=/home; fi
  report=$build/pytest-report.xml
  rm -f "$report"
  [[ $# -gt 0 ]] || set -- tests/peers
  "${with_hub[@]}" python3 -m pytest -p no:cacheprovider -q -ra --junitxml="$report" "$@" ||
    true  # counted below
  reports+=("$report")
fi
[[ ${#reports[@]} -eq 0 ]] && exit 0
exec python3 scripts/count_tests.py --no-skips "${reports[@]}"
