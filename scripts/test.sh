#!/usr/bin/env bash
# Sets up, builds and runs every test. Ends with one line that counts them; fails if any test fails.
#
#   scripts/test.sh                       all tests of the release build
#   scripts/test.sh --preset asan         those of another preset
#   scripts/test.sh -R Loader             only some: everything else is handed to ctest
#
# Two tests run at a time; CTEST_PARALLEL_LEVEL changes that. The whole record is in build/<preset>/test.log.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
preset=release
ctest_arguments=()

fail() { printf 'test: error: %s\n' "$*" >&2; exit 1; }
usage() { printf 'test: %s (see --help)\n' "$*" >&2; exit 64; }

parse_arguments() {
  while [[ $# -gt 0 ]]; do
    case $1 in
      -h|--help) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 0 ;;
      --preset) [[ $# -ge 2 ]] || usage "--preset needs a name"; preset=$2; shift ;;
      *) ctest_arguments+=("$1") ;;
    esac
    shift
  done
}

# Shows what failed as it fails, and leaves out what passed.
only_failures() {
  grep --line-buffered -vE '^ *(Start +[0-9]+: |[0-9]+/[0-9]+ Test .* Passed )|^Internal ctest|^Test project|tests passed, |^Label Time|sec\*proc|^Total Test|^$' || true
}

# Adds up what the test programs say themselves.
cases() {
  awk -v kind="$1" '$1 == "[" && $2 == kind && $3 == "]" && $5 ~ /^tests?[.,]/ { sum += $4 } END { print sum + 0 }' "$2"
}

main() {
  parse_arguments "$@"
  "$root/scripts/build.sh" "$preset"
  local folder=$root/build/$preset started=$SECONDS status=0
  local log=$folder/test.log
  ctest --test-dir "$folder" --output-on-failure --no-tests=error -j "${CTEST_PARALLEL_LEVEL:-2}" \
    ${ctest_arguments[@]+"${ctest_arguments[@]}"} 2>&1 | tee "$log" | only_failures || status=$?
  [[ $status -eq 0 ]] || fail "not every test passed: above, and in $log"
  local record=$folder/Testing/Temporary/LastTest.log
  printf 'test: %s entries passed, %s GoogleTest cases among them; %s cases skipped, none failed, in %s s\n' \
    "$(grep -cE '^ *[0-9]+/[0-9]+ Test .* Passed ' "$log")" "$(cases PASSED "$record")" "$(cases SKIPPED "$record")" \
    "$((SECONDS - started))"
}

main "$@"
