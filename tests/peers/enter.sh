#!/usr/bin/env bash
# Runs a command inside the tree of the peers (tests/peers/setup.sh makes it): /srv is the repository,
# where it starts, /tmp is empty, /opt the virtual environment with TensorBoard, /media that with the
# newest huggingface_hub, /home the JavaScript packages. Ends as the command does, or with 77 where the
# tree is missing.
# usage: tests/peers/enter.sh COMMAND...
#
# Needs root or sudo: the tree is entered with chroot in a mount namespace of its own, so nothing
# stays mounted however this ends.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
tree=${TORCHHUB_PEERS_DIR:-/var/cache/torchhub/peers}
cache=${TORCHHUB_PEERS_CCACHE:-$(dirname "$tree")/ccache}

if [[ ${1:-} == --inside-namespace ]]; then
  scratch=$2
  shift 2
  mount --make-rprivate /
  mount --bind "$root" "$tree/srv"
  mount --bind "$cache" "$tree/mnt"
  mount --bind "$scratch" "$tree/tmp"
  mount --rbind /dev "$tree/dev"
  mount -t proc proc "$tree/proc"
  venv=$(dirname "$tree")/tensorboard-venv
  if [[ -d $venv ]]; then mount --bind "$venv" "$tree/opt"; fi
  newest=$(dirname "$tree")/newest-hub-venv
  if [[ -d $newest ]]; then mount --bind "$newest" "$tree/media"; fi
  javascript=$(dirname "$tree")/javascript
  if [[ -d $javascript ]]; then mount --bind "$javascript" "$tree/home"; fi
  if [[ -d /usr/share/datasets ]]; then
    mkdir -p "$tree/usr/share/datasets"
    mount --bind /usr/share/datasets "$tree/usr/share/datasets"
  fi
  # A clean environment: neither this system's proxies nor a user's Hub token may reach a test.
  exec chroot "$tree" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LANG=C.UTF-8 \
    OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE=1 CCACHE_DIR=/mnt CCACHE_BASEDIR=/srv \
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime \
    /bin/bash -c 'cd /srv && exec "$@"' enter.sh "$@"
fi

if [[ ! -e $tree/etc/torchhub-peers ]]; then
  echo "SKIPPED: no tree of the peers at $tree; tests/peers/setup.sh makes it. Nothing was run." >&2
  exit 77
fi
if [[ $(id -u) -ne 0 ]]; then
  exec sudo --preserve-env=TORCHHUB_PEERS_DIR,TORCHHUB_PEERS_CCACHE "$0" "$@"
fi

mkdir -p "$cache"
scratch=$(mktemp -d)
finish() {
  rm -rf "$scratch"
  if [[ -n ${SUDO_UID:-} ]]; then  # what root built belongs to the user
    chown -R "$SUDO_UID:${SUDO_GID:-$SUDO_UID}" "$root/build" 2>/dev/null || true
  fi
}
trap finish EXIT
chmod 1777 "$scratch"
# --kill-child with a PID namespace: no server outlives the run.
unshare --mount --pid --fork --kill-child "$0" --inside-namespace "$scratch" "$@"
