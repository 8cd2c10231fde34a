#!/usr/bin/env bash
# Measures Tandem beside the Python stacks in one run and prints a table of ratios. Writes benchmarks/results/<date>-<cpu>.json.
#
#   benchmarks/compare.sh [--photos TSV] [--captions TSV] [--rounds N] [--threads N] [--loss-count N] [--only NAME]…
#                         [--output FILE] [--bin DIR] [--smoke]
#
# --photos     a table (columns filepath, title) of photographs: the loader's rows; left out without it
# --captions   a table of captions (column title): lengths of real texts; without it those of Tux Paint's stamps
#              (caption_lengths.txt)
# --rounds     how often each program runs, in turn with its peers (default 3); the table shows medians
# --loss-count pairs of the loss's rows (default 8192)
# --only       rows to measure: loader, encode-image, encode-int8, encode-text, train-step, cold-start, loss
# --bin        folder of the programs (default build/release/bin)
# --smoke      shows in seconds that every row still runs: smallest sizes, one round, no file unless --output names one,
#              and without PEER_PYTHON no peers
#
# Build first (scripts/build.sh). The peers are set up on the first run (benchmarks/setup_peers.sh; network needed).
# PEER_PYTHON names another interpreter that has them.
set -euo pipefail

for word in "$@"; do
  case $word in -h|--help) sed -n '2,18s/^# \{0,1\}//p' "$0"; exit 0 ;; esac
done
exec python3 "$(dirname "$0")/compare.py" "$@"
