#!/usr/bin/env bash
# From a fresh clone to a working model: sets up, builds, trains on drawn pictures, classifies some.
#
#   scripts/quickstart.sh                          about four minutes of training on two cores
#   scripts/quickstart.sh --set train.max_steps=200    everything else is handed to clip-train, but the run stays runs/quickstart
#
# Needs no GPU, no data and no download beyond the dependencies. Stop it at any time: run again, it resumes.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
programs=$root/build/release/bin
run=$root/runs/quickstart
pictures=$run/samples

say() { printf 'quickstart: %s\n' "$*"; }
fail() { printf 'quickstart: error: %s\n' "$*" >&2; exit 1; }

# What is drawn and classified is the run of this name.
refuse_another_run() {
  local word
  # shellcheck disable=SC2086 # its settings go apart by white space
  for word in "$@" ${TANDEM_SET:-}; do
    word=${word#--set=}
    case $word in
      run.name=*|run.output_dir=*)
        fail "$word: the quickstart's run is $run. Try: clip-train --config configs/quickstart.json --set $word" ;;
    esac
  done
}

train() {
  say "training as configs/quickstart.json says, into $run"
  (cd "$root" && "$programs/clip-train" --config configs/quickstart.json "$@")
}

# New pictures, all of them of colour-shape pairs that training never showed; every pair is a class.
draw() {
  say "drawing 24 pictures of pairs that training never showed, into $pictures"
  rm -rf "$pictures"
  (cd "$root" && "$programs/clip-data" export --config configs/quickstart.json --set data.train.shapes.split=unseen \
    --count 24 --output "$pictures")
}

classify() {
  local some
  mapfile -t some < <(find "$pictures" -name '*.png' | sort | head -n 4)
  say "classifying them among all 64 pairs; four of them:"
  "$programs/clip-zeroshot" --model "$run/model" --classes-file "$pictures/classes.txt" --top-k 3 --images "${some[@]}"
  say "and all of them, judged by the names of their folders:"
  "$programs/clip-zeroshot" --model "$run/model" --classes-file "$pictures/classes.txt" --labels-from-dirs --images "$pictures"
}

main() {
  case ${1:-} in
    -h|--help) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 0 ;;
  esac
  refuse_another_run "$@"
  "$root/scripts/build.sh" release clip-train clip-data clip-zeroshot
  train "$@"
  draw
  classify
  say "done: the model is in $run/model"
}

main "$@"
