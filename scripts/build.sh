#!/usr/bin/env bash
# Sets up and builds Tandem. Safe to run again: it does only what has changed.
#
#   scripts/build.sh             optimised, into build/release/bin and build/release/lib
#   scripts/build.sh PRESET      release, debug, asan, tsan or cuda, into build/PRESET
#   scripts/build.sh PRESET TARGET…    these targets alone, as clip-train
#
# Uses one job per core; CMAKE_BUILD_PARALLEL_LEVEL changes that (a job needs about 1.5 GB of memory).
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
preset=release
targets=()

say() { printf 'build: %s\n' "$*"; }
fail() { printf 'build: error: %s\n' "$*" >&2; exit 1; }

parse_arguments() {
  case ${1:-release} in
    -h|--help) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 0 ;;
    release|debug|asan|tsan|cuda) preset=${1:-release} ;;
    *) printf 'build: unknown preset %s (known: release, debug, asan, tsan, cuda; or --help)\n' "$1" >&2; exit 64 ;;
  esac
  targets=("${@:2}")
}

# CMake runs here only once; from then on Ninja calls it when a CMake file changes.
configure() {
  local folder=$root/build/$preset
  [[ -e $folder/build.ninja ]] && return
  say "configuring $folder"
  mkdir -p "$folder"
  if ! (cd "$root" && cmake --preset "$preset") >"$folder/configure.log" 2>&1; then
    tail -n 15 "$folder/configure.log" >&2
    fail "the configuration failed; the end of $folder/configure.log is above"
  fi
}

# On a terminal Ninja shows one moving line; elsewhere it writes into a file that is shown on failure.
compile() {
  local folder=$root/build/$preset
  local log=$folder/build.log
  local chosen=()
  [[ ${#targets[@]} -eq 0 ]] || chosen=(--target "${targets[@]}")
  export CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}
  if [[ -t 1 ]]; then
    cmake --build "$folder" "${chosen[@]}" || fail "the build failed; the compiler's words are above"
    return
  fi
  ninja -C "$folder" -n "${targets[@]}" 2>/dev/null | grep -q 'no work to do' && return
  say "compiling in $folder with $CMAKE_BUILD_PARALLEL_LEVEL jobs"
  if ! cmake --build "$folder" "${chosen[@]}" >"$log" 2>&1; then
    grep -vE '^\[[0-9]+/[0-9]+\]|^ninja:|^: && |/(c\+\+|g\+\+|clang\+\+) ' "$log" | head -n 60 >&2
    fail "the build failed; its beginning is above, all of it in $log"
  fi
}

main() {
  parse_arguments "$@"
  local started=$SECONDS
  if [[ $preset == cuda ]]; then "$root/scripts/setup.sh" --cuda; else "$root/scripts/setup.sh"; fi
  configure
  compile
  say "$preset is ready in build/$preset ($((SECONDS - started)) s)"
}

main "$@"
