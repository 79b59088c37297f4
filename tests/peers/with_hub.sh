#!/usr/bin/env bash
# Starts `torchhub serve` with a fresh data folder on a free loopback port, makes the user "peer" with
# a write token, and runs a command with HF_ENDPOINT, HF_TOKEN, HF_HOME set for the Python originals
# and TORCHHUB naming the executable, TORCHHUB_HUB_DATA its data folder. The server ends with the command.
# usage: TORCHHUB_BUILD_DIR=... with_hub.sh COMMAND...
set -euo pipefail

executable=$(find "$TORCHHUB_BUILD_DIR" -name torchhub -type f -perm -u+x -print -quit)
if [[ -z $executable ]]; then
  echo "with_hub: no 'torchhub' under $TORCHHUB_BUILD_DIR; build it first" >&2
  exit 1
fi
work=$(mktemp -d)
server=
finish() {
  if [[ -n $server ]]; then
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap finish EXIT

"$executable" admin --data "$work/hub" user create peer >/dev/null
token=$("$executable" admin --data "$work/hub" token create peer --role write)
"$executable" serve --data "$work/hub" --listen 127.0.0.1:0 --address-file "$work/address" \
  >"$work/serve.log" 2>&1 &
server=$!
for _ in $(seq 300); do
  [[ -s $work/address ]] && break
  if ! kill -0 "$server" 2>/dev/null; then break; fi
  sleep 0.1
done
if [[ ! -s $work/address ]]; then
  echo "with_hub: the server did not start:" >&2
  cat "$work/serve.log" >&2
  exit 1
fi

status=0
TORCHHUB=$executable TORCHHUB_HUB_DATA=$work/hub HF_ENDPOINT=$(cat "$work/address") HF_TOKEN=$token HF_HOME=$work/hf_home \
  HF_HUB_DISABLE_TELEMETRY=1 "$@" || status=$?
exit $status
