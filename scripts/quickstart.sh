#!/usr/bin/env bash
# From a fresh clone to a working model: sets up, builds, trains on drawn pictures, classifies some.
#
#   scripts/quickstart.sh                          about four minutes of training on two cores
#   scripts/quickstart.sh --set train.max_steps=200    everything else is handed to clip-train
#
# Needs no GPU, no data and no download beyond the dependencies. Stop it at any time: run again, it goes on.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
programs=$root/build/release/bin
run=$root/runs/quickstart
pictures=$run/samples

say() { printf 'quickstart: %s\n' "$*"; }
fail() { printf 'quickstart: error: %s\n' "$*" >&2; exit 1; }

train() {
  say "training as configs/quickstart.json says, into $run"
  (cd "$root" && "$programs/clip-train" --config configs/quickstart.json "$@")
}

classify() {
  [[ -d $pictures ]] || fail "no pictures in $pictures"
  say "classifying the pictures of $pictures"
  "$programs/clip-zeroshot" --model "$run/model" --images "$pictures" --top-k 3 \
    --classes "red circle,green circle,blue circle,red square,green square,blue square,red star,green star,blue star"
}

main() {
  case ${1:-} in
    -h|--help) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 0 ;;
  esac
  "$root/scripts/build.sh" release
  train "$@"
  classify
  say "done: the model is in $run/model"
}

main "$@"
