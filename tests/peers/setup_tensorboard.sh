#!/usr/bin/env bash
# Makes the virtual environment of the peers' tests, beside their tree: the tree's Python with
# TensorBoard from PyPI (tests/peers/python_packages.txt). About 130 MB, once; later calls reuse it
# while the list and the tree's Python stay the same. run.sh binds it to /opt of the tree.
#
# The tree has no pip and knows nothing of this system's proxies, so this system's pip, configured as
# it is, fetches wheels for the tree's Python. setup.sh calls this with the lock held.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tree=${TORCHHUB_PEERS_DIR:-/var/cache/torchhub/peers}
venv=$(dirname "$tree")/tensorboard-venv

python=$(readlink "$tree/usr/bin/python3")  # python3.14
stamp="$python $(sha256sum <"$here/python_packages.txt")"
if [[ -e $venv/stamp && $(cat "$venv/stamp") == "$stamp" ]]; then
  echo "peers: $venv is ready"
  exit 0
fi

echo "peers: making $venv (TensorBoard for $python, about 130 MB)"
partial=$venv.partial
rm -rf "$partial"
trap 'rm -rf "$partial"' EXIT
mkdir -p "$partial/bin"
/usr/bin/python3 -m pip install --quiet --root-user-action=ignore --no-compile --only-binary=:all: \
  --python-version "${python#python}" --target "$partial/lib/$python/site-packages" \
  --requirement "$here/python_packages.txt"
# What `python3 -m venv --without-pip` would make, without entering the tree.
ln -s /usr/bin/python3 "$partial/bin/python3"
printf 'home = /usr/bin\ninclude-system-site-packages = false\n' >"$partial/pyvenv.cfg"
echo "$stamp" >"$partial/stamp"
rm -rf "$venv"
mv "$partial" "$venv"
echo "peers: $venv is ready"
