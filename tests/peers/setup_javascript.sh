#!/usr/bin/env bash
# Makes the folder of packages of the peers' JavaScript tests, beside their tree: @huggingface/hub with
# its specs, and vitest, which runs them, as tests/peers/js/package-lock.json pins them. About 40 MB,
# once; later calls reuse it while that file stays the same. run.sh binds it to /home of the tree,
# whose nodejs runs it.
#
# The tree has no npm (it would bring 350 packages) and knows nothing of this system's proxies, so this
# system's npm, configured as it is, fetches them. setup.sh calls this with the lock held.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tree=${TORCHHUB_PEERS_DIR:-/var/cache/torchhub/peers}
packages=$(dirname "$tree")/javascript

stamp=$(cat "$here/js/package.json" "$here/js/package-lock.json" | sha256sum)
if [[ -e $packages/stamp && $(cat "$packages/stamp") == "$stamp" ]]; then
  echo "peers: $packages is ready"
  exit 0
fi
if ! command -v npm >/dev/null; then
  echo "peers: installing npm"
  DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends npm >/dev/null
fi

echo "peers: making $packages (@huggingface/hub and vitest, about 40 MB)"
partial=$packages.partial
rm -rf "$partial"
trap 'rm -rf "$partial"' EXIT
mkdir -p "$partial"
cp "$here/js/package.json" "$here/js/package-lock.json" "$partial"
# None of them needs its install script.
(cd "$partial" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
echo "$stamp" >"$partial/stamp"
rm -rf "$packages"
mv "$partial" "$packages"
echo "peers: $packages is ready"
