#!/usr/bin/env bash
# Checks and measures Tandem on a GPU host: runs every CUDA test, then the benchmarks and their PyTorch peers, and writes one
# JSON. Runs inside a bundle of scripts/gpu_bundle.sh; needs a Python with the same torch, nothing else. Under nine minutes.
#
#   ./gpu_check.sh [--output FILE] [--python PYTHON]     default: gpu_check.json beside this script, python3
#
# The report is written anew after every record: what was measured stays, whatever happens next. What is not done
# by then is left out.
#
# Exit code: 0 all passed, 1 a test or benchmark of ours failed, 69 no CUDA device (the programs are started all the same).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
output=$here/gpu_check.json
python=python3
readonly kTorch=2.11 kTestSeconds=90 kBenchSeconds=60 kEnd=530

say() { printf 'gpu_check: %s\n' "$*" >&2; }

parse_arguments() {
  while (($# > 0)); do
    case $1 in
      --output) output=${2:?gpu_check: --output needs a file}; shift 2 ;;
      --python) python=${2:?gpu_check: --python needs a program}; shift 2 ;;
      -h|--help) sed -n '2,11s/^# \{0,1\}//p' "$0"; exit 0 ;;
      *) printf 'gpu_check: unknown option %s (known: --output, --python, --help)\n' "$1" >&2; exit 64 ;;
    esac
  done
}

# Finds that Python's LibTorch; our programs look there, and in this bundle.
find_torch() {
  local where version
  where=$("$python" -c 'import importlib.util as u; print(u.find_spec("torch").submodule_search_locations[0])' 2>/dev/null) ||
    { say "error: $python has no torch (try --python)"; exit 66; }
  version=$(sed -n "s/^__version__ = '\(.*\)'/\1/p" "$where/version.py")
  [[ $version == "$kTorch".* ]] || say "warning: torch $version, this bundle was built with $kTorch"
  libraries=$here/lib:$where/lib:$where/../nvidia/cu13/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
}

records=$(mktemp)
failed=0
libraries=
device=none
trap 'rm -f "$records"' EXIT

# record NAME SECONDS COMMAND…: runs it and appends one line of JSON; its last object on standard output is the result. Sets status.
record() {
  local name=$1 seconds=$2 log start=$SECONDS
  shift 2
  status=0
  if ((SECONDS + 10 > kEnd)); then
    say "$name: left out, there is no time left"
    status=124
    return
  fi
  if ((SECONDS + seconds > kEnd)); then seconds=$((kEnd - SECONDS)); fi
  log=$(mktemp)
  timeout "$seconds" "$@" >"$log" 2>"$log.err" || status=$?
  say "$name: $( ((status == 0)) && echo passed || echo "failed ($status)"), $((SECONDS - start)) s"
  "$python" - "$name" "$status" "$((SECONDS - start))" "$log" "$*" >>"$records" <<'PY'
import json, sys
name, status, seconds, log, command = sys.argv[1:]
text = open(log, errors="replace").read()
record = {"name": name, "status": int(status), "seconds": int(seconds), "command": command}
try:
    record["result"] = json.loads(text[text.index("{"):])
except ValueError:
    record["output"] = text[-2000:]
if int(status):
    record["errors"] = open(log + ".err", errors="replace").read()[-2000:]
print(json.dumps(record))
PY
  rm -f "$log" "$log.err"
  write_report
}

# ours NAME SECONDS PROGRAM OPTION…: one of this bundle's programs.
ours() {
  local name=$1 seconds=$2 program=$3
  shift 3
  record "$name" "$seconds" env LD_LIBRARY_PATH="$libraries" "$here/bin/$program" "$@"
  ((status == 0)) || failed=1
}

write_report() {
  "$python" - "$records" "$output" "$device" <<'PY'
import json, subprocess, sys
records, output, device = sys.argv[1:]
lines = [json.loads(line) for line in open(records)]
json.dump({"device": device, "records": lines}, open(output, "w"), indent=1)
PY
}

run_tests() {
  local program
  for program in "$here"/bin/tandem_*_test; do
    ours "$(basename "$program")" "$kTestSeconds" "$(basename "$program")" --gtest_filter='*_CUDA*' --gtest_brief=1
  done
}

# bench NAME VERB OPTION…: clip-bench on the GPU.
bench() {
  local name=$1
  shift
  ours "$name" $kBenchSeconds clip-bench "$@" --device cuda
}

# peer NAME SECONDS WORK OPTION…: PyTorch. That it fails, or compiles for too long, is no fault of ours.
peer() {
  local name=$1 seconds=$2
  shift 2
  record "$name" "$seconds" "$python" "$here/peers/gpu.py" "$@"
}

# Towers of the peers' shapes, in bf16; what takes longest comes last.
run_benchmarks() {
  local texts=(--lengths "$here/caption_lengths.txt") image=(--image-preset vit_base_patch16_224) loss=(loss --dim 768) kind
  bench "train-step" train-step --precision bf16 "${image[@]}" --text-preset roberta_base --batch-size 1024 --warmup 3 "${texts[@]}"
  peer "train-step: eager" $kBenchSeconds train-step "${texts[@]}"
  bench "encode-image" encode-image --precision bf16 "${image[@]}" --batch-size 256 --warmup 3
  for kind in info_nce sigmoid; do
    bench "loss $kind" "${loss[@]}" --precision bf16 --kind $kind --count 65536
    bench "loss $kind: plain" "${loss[@]}" --precision bf16 --kind $kind --count 65536 --plain
  done
  # The tiles that the losses cut on a GPU, and the rows of 1024 pictures in a ViT-B/16.
  bench "kernels" kernels --tile-rows 4096 --tile-columns 2048 --rows 201728 --width 768
  bench "loss info_nce, a million" "${loss[@]}" --precision bf16 --count 1048576 --warmup 0 --repeats 1
  peer "encode-image: compile" 120 encode-image --compile
  peer "train-step: compile" 200 train-step --compile "${texts[@]}"
}

main() {
  parse_arguments "$@"
  find_torch
  ours "clip-bench --version" 60 clip-bench --version
  device=$(nvidia-smi --query-gpu=name --format=csv,noheader 2>/dev/null | head -n 1) || device=
  if [[ -z $device ]]; then
    device=none
    run_tests  # Every CUDA test says that it was skipped.
    say "no device: nothing was measured; written: $output"
    exit 69
  fi
  run_tests
  run_benchmarks
  say "written: $output"
  exit $failed
}

main "$@"
