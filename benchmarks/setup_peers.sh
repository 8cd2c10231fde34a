#!/usr/bin/env bash
# Sets up the Python stacks that Tandem is measured against, in a virtual environment of their own. Safe to run again.
#
#   benchmarks/setup_peers.sh     prints the interpreter's path on standard output
#
# The environment lies in $TANDEM_DEPS/peers (default: ~/.cache/tandem/peers).
set -euo pipefail

readonly kTorch="torch==2.11.0 torchvision==0.26.0"
readonly kPeers="open_clip_torch==3.3.0 transformers==5.24.0 onnx==1.23.2 onnxruntime==1.32.0 onnxscript==0.7.2 Pillow safetensors"
deps=${TANDEM_DEPS:-${XDG_CACHE_HOME:-$HOME/.cache}/tandem}
readonly home=$deps/peers

case ${1:-} in
  -h|--help) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 0 ;;
  "") ;;
  *) printf 'peers: unknown option %s (known: --help)\n' "$1" >&2; exit 64 ;;
esac

say() { printf 'peers: %s\n' "$*" >&2; }

mkdir -p "$deps"
if [[ ! -e $home/.done ]]; then
  say "installing PyTorch, open_clip, transformers and onnxruntime into $home (some minutes, about 1.5 GB)"
  rm -rf "$home"
  python3 -m venv "$home" || { say "error: python3 -m venv failed (on Debian: apt-get install python3-venv)"; exit 1; }
  # shellcheck disable=SC2086
  "$home/bin/pip" install --quiet --disable-pip-version-check $kTorch $kPeers >&2
  "$home/bin/pip" freeze --disable-pip-version-check > "$home/.done"
fi
printf '%s\n' "$home/bin/python"
