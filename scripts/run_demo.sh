#!/usr/bin/env bash
# The main job, on what scripts/build.sh made: train with every save pushed to a hub of its own, die
# in the middle of a push, continue elsewhere from the hub's pinned revision, finish, and let a third
# process load the result and find the accuracy that its card states.
#
# TORCHHUB_BUILD_DIR    what was built (default build/release)
# TORCHHUB_DEMO_STEPS   updates (default 900); with fewer the accuracy is not held against 0.87
set -euo pipefail
cd "$(dirname "$0")/.."

build=${TORCHHUB_BUILD_DIR:-build/release}
torchhub=$build/src/cli/torchhub
finetune=$build/examples/finetune/finetune
work=$(mktemp -d "${TMPDIR:-/tmp}/torchhub-demo.XXXXXX")
repo=demo/resnet-fashion-mnist
max_steps=${TORCHHUB_DEMO_STEPS:-900}
save_steps=$((max_steps / 3))
# Nothing of the user's own set-up may lead the demo elsewhere.
while IFS='=' read -r name _; do
  if [[ $name == HF_* || $name == HUGGING* ]]; then unset "$name"; fi
done < <(env)
export OMP_NUM_THREADS=1 no_proxy=127.0.0.1,localhost HF_HOME=$work/hf-home

head_of_main() { git ls-remote "$HF_ENDPOINT/$repo" refs/heads/main | cut -f1; }
say() { printf '\n== %s\n' "$*"; }

server=
cleanup() {
  if [[ -n $server ]]; then kill "$server" 2>/dev/null && wait "$server" 2>/dev/null || true; fi
}
trap cleanup EXIT

say "1. A hub of our own on a free loopback port, with a user and a token"
"$torchhub" admin --data "$work/hub" user create demo
HF_TOKEN=$("$torchhub" admin --data "$work/hub" token create demo --role write)
export HF_TOKEN
"$torchhub" serve --data "$work/hub" --listen 127.0.0.1:0 --address-file "$work/address" \
  2>"$work/serve.log" &
server=$!
for _ in $(seq 100); do [[ -s $work/address ]] && break; sleep 0.1; done
[[ -s $work/address ]] || { echo "the hub did not start:"; cat "$work/serve.log"; exit 1; }
HF_ENDPOINT=$(cat "$work/address")
export HF_ENDPOINT
echo "hub: $HF_ENDPOINT (log: $work/serve.log)"

say "2. Train with push_to_hub; kill -9 while the second save is being pushed"
mkfifo "$work/stderr"
"$finetune" train --output-dir "$work/first" --hub-model-id "$repo" --max-steps "$max_steps" \
  --save-steps "$save_steps" 2>"$work/stderr" &
trainer=$!
while IFS= read -r line; do
  if [[ $line == *"push_started"*"step=$((2 * save_steps))"* ]]; then
    kill -9 "$trainer"
    echo "killed at: $line"
    break
  fi
  echo "$line"
done <"$work/stderr"
status=0
wait "$trainer" 2>/dev/null || status=$?
[[ $status -eq 137 ]] || { echo "the trainer ended by itself (status $status)"; exit 1; }
revision=$(head_of_main)
git clone -q --bare "$HF_ENDPOINT/$repo" "$work/at-the-kill"
newest=$(git -C "$work/at-the-kill" log -1 --format=%s)
echo "newest commit on the hub: $newest"
[[ $newest == "Training in progress, step $save_steps" ]] ||
  { echo "the kill came too late: the second save is on the hub already"; exit 1; }

say "3. A new process in an empty folder resumes from the hub's pinned revision"
echo "resuming from $repo@$revision"
"$finetune" train --output-dir "$work/second" --hub-model-id "$repo" --max-steps "$max_steps" \
  --save-steps "$save_steps" --resume-from "$repo@$revision" | tee "$work/report"
final=$(sed -n 's/^commit hash: //p' "$work/report")

say "4. A third process loads the model at commit $final and evaluates it"
"$finetune" evaluate "$repo" --revision "$final" --output-dir "$work/third" | tee "$work/evaluation"
accuracy=$(sed -n 's/^accuracy on 10,000 test images: //p' "$work/evaluation")
if [[ $max_steps -ge 900 ]]; then
  awk -v a="$accuracy" 'BEGIN { exit !(a >= 0.87) }' || { echo "accuracy $accuracy is below 0.87"; exit 1; }
fi

say "5. What is on the hub"
git clone -q "$HF_ENDPOINT/$repo" "$work/clone"
git -C "$work/clone" log --format='%h %s'
saved_once=$(git -C "$work/clone" log --format=%s | grep -c "Training in progress, step $save_steps\$")
[[ $saved_once -eq 1 ]] || { echo "the second process did not resume: it began at step 0"; exit 1; }
echo "of the second process:"
grep -E 'stall' "$work/report"
echo "accuracy: $accuracy"
echo "model card: $work/clone/README.md"
if [[ $max_steps -eq 900 && $SECONDS -gt 180 ]]; then echo "note: this took more than three minutes"; fi
echo "whole demo: $SECONDS s, OMP_NUM_THREADS=$OMP_NUM_THREADS, $(nproc --all) cores"
