#!/usr/bin/env bash
# Makes a virtual environment of the peers' tests, beside their tree: the tree's Python with packages
# that Debian does not have, from PyPI. Once; later calls reuse it while the list and the tree's Python
# stay the same. enter.sh binds it into the tree.
#
# The tree has no pip and knows nothing of this system's proxies, so this system's pip, configured as
# it is, fetches wheels for the tree's Python. setup.sh calls this with the lock held.
# usage: setup_venv.sh NAME LIST
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tree=${TORCHHUB_PEERS_DIR:-/var/cache/torchhub/peers}
venv=$(dirname "$tree")/$1
list=$here/$2

python=$(readlink "$tree/usr/bin/python3")  # python3.14
stamp="$python $(sha256sum <"$list")"
if [[ -e $venv/stamp && $(cat "$venv/stamp") == "$stamp" ]]; then
  echo "peers: $venv is ready"
  exit 0
fi

echo "peers: making $venv ($(grep -v '^#' "$list" | paste -sd' ') for $python)"
partial=$venv.partial
rm -rf "$partial"
trap 'rm -rf "$partial"' EXIT
mkdir -p "$partial/bin"
/usr/bin/python3 -m pip install --quiet --root-user-action=ignore --no-compile --only-binary=:all: \
  --python-version "${python#python}" --target "$partial/lib/$python/site-packages" \
  --requirement "$list"
# What `python3 -m venv --without-pip` would make, without entering the tree.
ln -s /usr/bin/python3 "$partial/bin/python3"
printf 'home = /usr/bin\ninclude-system-site-packages = false\n' >"$partial/pyvenv.cfg"
echo "$stamp" >"$partial/stamp"
rm -rf "$venv"
mv "$partial" "$venv"
echo "peers: $venv is ready"
