#!/usr/bin/env bash
# Checks style: clang-format and the house's rules on every file, clang-tidy on what changed, shellcheck.
#
#   scripts/lint.sh               what differs from origin/main (or from the commit before, without one)
#   scripts/lint.sh --base REF    what differs from REF
#   scripts/lint.sh --all         everything (clang-tidy takes ten to twenty seconds a file)
#   scripts/lint.sh --fix         lets clang-format rewrite what it would complain about
#
# Tools that are missing are named and skipped. For clang-tidy, build/lint is configured as build/release is.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
base=
everything=false
fix=false
failed=()

say() { printf 'lint: %s\n' "$*"; }
fail() { printf 'lint: error: %s\n' "$*" >&2; exit 1; }
usage() { printf 'lint: %s (known: --all, --base REF, --fix, --help)\n' "$*" >&2; exit 64; }

parse_arguments() {
  while [[ $# -gt 0 ]]; do
    case $1 in
      -h|--help) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 0 ;;
      --all) everything=true ;;
      --fix) fix=true ;;
      --base) [[ $# -ge 2 ]] || usage "--base needs a reference"; base=$2; shift ;;
      *) usage "unknown option $1" ;;
    esac
    shift
  done
}

# Whether a tool is here; a word about it when it is not.
have() {
  command -v "$1" >/dev/null && return 0
  say "no $1 here: skipped (Debian: apt-get install $2)"
  return 1
}

# Runs one check; remembers its name when it fails, and continues.
check() {
  local name=$1
  shift
  "$@" || failed+=("$name")
}

# Every C++ file that git knows or could know.
sources() {
  local file
  git ls-files --cached --others --exclude-standard -- '*.h' '*.cpp' '*.cu' |
    while read -r file; do if [[ -e $file ]]; then printf '%s\n' "$file"; fi; done
}

# Files that differ from the base, committed or not, new ones too.
changed() {
  local from=$base
  if [[ -z $from ]]; then
    from=$(git merge-base HEAD origin/main 2>/dev/null) || from=
    if [[ -z $from || $from == "$(git rev-parse HEAD 2>/dev/null)" ]]; then from=HEAD~1; fi
  fi
  if ! git rev-parse --quiet --verify "$from^{commit}" >/dev/null; then
    [[ -z $base ]] || fail "no such reference: $base"
    sources
    return
  fi
  { git diff --name-only --diff-filter=d "$from" -- '*.h' '*.cpp'
    git ls-files --others --exclude-standard -- '*.h' '*.cpp'; } | sort -u
}

format() {
  have clang-format clang-format || return 0
  local mode=(--dry-run -Werror)
  if $fix; then mode=(-i); fi
  sources | xargs -r clang-format "${mode[@]}"
}

# clang-tidy reads source by source what the compiler gets joined. clang cannot read gcc's precompiled
# header: it gets the same commands without it, and so also finds what a unit forgot to include.
# Warnings are gcc's business, clang knows other ones.
tidy() {
  have clang-tidy clang-tidy || return 0
  local configured=$root/build/lint database=$root/build/lint/tidy units
  mkdir -p "$database"
  cmake --preset release -B "$configured" -DTANDEM_UNITY_BUILD=OFF >"$configured/configure.log" 2>&1 ||
    { say "CMake failed, see $configured/configure.log: run scripts/setup.sh first"; return 1; }
  sed -E 's/ -Winvalid-pch -include [^ "]*cmake_pch\.hxx//; s/ -Werror / -Wno-unknown-warning-option /' \
    "$configured/compile_commands.json" >"$database/compile_commands.json"
  mapfile -t units < <(units_to_tidy | sort -u)
  [[ ${#units[@]} -gt 0 ]] || return 0
  say "clang-tidy on ${#units[@]} unit(s)"
  printf '%s\n' "${units[@]}" | xargs -n 1 -P "$(nproc)" clang-tidy --quiet -p "$database" 2>&1 |
    { grep -vE '^[0-9]+ warnings? (generated|treated)|^Suppressed|^Use -header-filter' || true; }
}

# The units that are built, out of the changed files; a header stands for the unit of its name.
units_to_tidy() {
  local file candidate
  while read -r file; do
    candidate=${file/#include\/tandem\//src/}
    candidate=${candidate%.*}.cpp
    if grep -qF "\"file\": \"$root/$candidate\"" "$root/build/lint/tidy/compile_commands.json"; then printf '%s\n' "$candidate"; fi
  done < <(if $everything; then sources; else changed; fi)
}

shells() {
  have shellcheck shellcheck || return 0
  shellcheck --severity=warning scripts/*.sh .ci/run
}

main() {
  parse_arguments "$@"
  cd "$root"
  check clang-format format
  check layers python3 scripts/check_layers.py
  check headers python3 scripts/check_headers.py
  check shellcheck shells
  check clang-tidy tidy
  [[ ${#failed[@]} -eq 0 ]] || fail "not clean: ${failed[*]}"
  say "clean"
}

main "$@"
