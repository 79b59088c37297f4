#!/usr/bin/env bash
# Makes the tree of the peers: Debian testing with the Python originals (transformers,
# huggingface_hub, safetensors), LibTorch 2.14 and what torchhub needs to build. About 2.3 GB and
# three minutes, once; later calls reuse it while the package lists stay the same. Then beside it what
# Debian does not have (setup_venv.sh, setup_javascript.sh): without a way to PyPI or npm's registry
# their tests skip.
#
# TORCHHUB_PEERS_DIR      where it lies (default /var/cache/torchhub/peers)
# TORCHHUB_PEERS_MIRROR   the Debian mirror (default: the first that this system's apt uses)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
tree=${TORCHHUB_PEERS_DIR:-/var/cache/torchhub/peers}
stamp=$tree/etc/torchhub-peers
suite=forky

if [[ $(id -u) -ne 0 ]]; then
  keep=TORCHHUB_PEERS_DIR,TORCHHUB_PEERS_MIRROR
  for name in $(compgen -e); do  # how this system reaches PyPI and npm's registry
    case ${name,,} in pip_* | npm_config_* | *_proxy) keep+=,$name ;; esac
  done
  exec sudo --preserve-env="$keep" "$0" "$@"
fi

packages() {
  sed '/^# host only/,$d' "$root/scripts/packages.txt" | grep -v '^#'
  grep -v '^#' "$here/packages.txt"
}
hash=$( (echo "$suite"; packages) | sha256sum | cut -d' ' -f1)

mkdir -p "$(dirname "$tree")"
exec 9>"$tree.lock"
flock 9

ready() {
  echo "peers: $tree $1"
  "$here/setup_venv.sh" tensorboard-venv python_packages.txt ||
    echo "peers: no TensorBoard; its tests will skip" >&2
  "$here/setup_venv.sh" newest-hub-venv newest_hub_packages.txt ||
    echo "peers: no huggingface_hub with hf_xet; its tests will skip" >&2
  "$here/setup_javascript.sh" || echo "peers: no @huggingface/hub; its tests will skip" >&2
  exit 0
}

if [[ -e $stamp && $(cat "$stamp") == "$hash" ]]; then
  ready "is ready"
fi
if [[ -d $tree/var/lib/dpkg ]] && grep -qs " $suite " "$tree/etc/apt/sources.list" &&
   [[ -z $(packages | "$root/scripts/missing_packages.sh" "$tree") ]]; then
  echo "$hash" >"$stamp"
  ready "holds every package already; reusing it"
fi

command -v mmdebstrap >/dev/null || "$root/scripts/setup.sh"
mirror=${TORCHHUB_PEERS_MIRROR:-$(apt-get indextargets \
  --format '$(ORIGIN) $(COMPONENT) $(CODENAME) $(REPO_URI)' 'Created-By: Packages' |
  awk '$1 == "Debian" && $2 == "main" && $3 !~ /-security/ { print $4; exit }')}
if [[ -z $mirror ]]; then
  echo "peers: apt knows no Debian mirror; set TORCHHUB_PEERS_MIRROR to the base URL of one" >&2
  exit 1
fi

echo "peers: making $tree (Debian $suite, about 2.3 GB) from $mirror"
partial=$tree.partial
rm -rf --one-file-system "$partial"
trap 'rm -rf --one-file-system "$partial"' EXIT
# A mirror may lag behind the Valid-Until date of its index.
mmdebstrap --variant=minbase --aptopt='Acquire::Check-Valid-Until "false"' \
  --include="$(packages | paste -sd,)" "$suite" "$partial" "$mirror"
echo "$hash" >"$partial/etc/torchhub-peers"
rm -rf --one-file-system "$tree"
mv "$partial" "$tree"
ready "is ready"
