#!/usr/bin/env bash
# Packs what a GPU host needs to check and measure Tandem: programs, CUDA tests, peers, and the libraries they use but for
# LibTorch, CUDA and the C library, which that host has. There, unpack it and run gpu_check.sh.
#
#   scripts/gpu_bundle.sh [--output FILE]     default: build/cuda/tandem-gpu.tar.xz
#
# Needs nvcc for the fused kernels; without it the bundle runs their ATen forms. No GPU is needed here.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
readonly root
build=$root/build/cuda
output=$build/tandem-gpu.tar.xz
stage=

say() { printf 'gpu_bundle: %s\n' "$*" >&2; }
fail() { say "error: $*"; exit 1; }

parse_arguments() {
  while (($# > 0)); do
    case $1 in
      --output) [[ $# -gt 1 ]] || fail "--output needs a file"; output=$2; shift 2 ;;
      -h|--help) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 0 ;;
      *) printf 'gpu_bundle: unknown option %s (known: --output, --help)\n' "$1" >&2; exit 64 ;;
    esac
  done
}

# Libraries that a program loads, but for those that every GPU host with PyTorch has.
libraries_of() {
  ldd "$@" | awk '$2 == "=>" && $3 ~ /^\// { print $3 }' | sort -u |
    grep -v -E '/(torch|nvidia|cuda)[^/]*/|/lib((c|m|dl|rt|pthread|util|resolv|gcc_s|stdc\+\+|gomp)\.so|c10|torch|cud|cublas|cufft|cufile|cupti|curand|cusolver|cusparse|nccl|nv)' || true
}

# Rooms with tests that need a GPU.
rooms() { grep -l -r --include='*_test.cpp' '_CUDA)' "$root/tests" | xargs -n 1 dirname | xargs -n 1 basename | sort -u; }

main() {
  parse_arguments "$@"
  local targets=(clip-bench) test
  for test in $(rooms); do targets+=("tandem_${test}_test"); done
  say "building ${targets[*]}"
  (cd "$root" && cmake --preset cuda -DTANDEM_PARQUET=OFF >/dev/null && cmake --build --preset cuda --target "${targets[@]}") >&2

  stage=$(mktemp -d)
  trap 'rm -rf "$stage"' EXIT
  local folder=$stage/tandem-gpu
  mkdir -p "$folder/bin" "$folder/lib" "$folder/configs"
  for test in "${targets[@]}"; do
    cp "$(find "$build" -name "$test" -type f -perm -u+x | head -n 1)" "$folder/bin/"
  done
  local soname
  soname=$(objdump -p "$build/lib/libtandem.so" | awk '$1 == "SONAME" { print $2 }')
  cp -L "$build/lib/$soname" "$folder/lib/"  # The name that programs ask for; its other names would be copies.
  libraries_of "$folder"/bin/* "$folder/lib/$soname" | while read -r library; do cp -L "$library" "$folder/lib/"; done
  strip --strip-unneeded "$folder"/bin/* "$folder"/lib/* 2>/dev/null || true
  cp -r "$root/benchmarks/peers" "$folder/peers"
  cp "$root/benchmarks/caption_lengths.txt" "$folder/"
  cp "$root/configs/quickstart.json" "$folder/configs/"
  cp "$root/scripts/gpu_check.sh" "$folder/"
  tar -C "$stage" -c tandem-gpu | xz -9e -T0 >"$output"
  say "$(du -h "$output" | cut -f1) packed: $output"
}

main "$@"
