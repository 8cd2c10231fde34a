#!/usr/bin/env bash
# Measures Tandem beside the Python stacks in one run and prints a table of ratios. Writes benchmarks/results/<date>-<cpu>.json.
#
#   benchmarks/compare.sh [--photos TSV] [--captions TSV] [--rounds N] [--threads N] [--only NAME]… [--output FILE]
#
# --photos     a table (columns filepath, title) of photographs: the loader's rows; left out without it
# --captions   a table of captions (column title): lengths of real texts; without it those of Tux Paint's stamps
#              (caption_lengths.txt)
# --rounds     how often each program runs, in turn with its peers (default 3); the table shows medians
# --only       rows to measure: loader, encode-image, encode-int8, encode-text, train-step, cold-start, loss
#
# Build first (scripts/build.sh). The peers are set up on the first run (benchmarks/setup_peers.sh; network needed).
# PEER_PYTHON names another interpreter that has them.
set -euo pipefail

case ${1:-} in -h|--help) sed -n '2,13s/^# \{0,1\}//p' "$0"; exit 0 ;; esac
here=$(cd "$(dirname "$0")" && pwd)
python=${PEER_PYTHON:-$("$here/setup_peers.sh")}
exec python3 "$here/compare.py" --peer-python "$python" "$@"
