#!/usr/bin/env bash
# Installs what Tandem builds with, on a bare Debian 12+ or Ubuntu 22.04+. Safe to run again: it does only what is missing.
#
#   scripts/setup.sh            CPU build
#   scripts/setup.sh --cuda     also the CUDA libraries that the torch wheel links against
#   scripts/setup.sh --no-parquet   without Arrow: the build then reads and writes no Parquet
#
# Compiled dependencies go to one folder outside the tree, shared by all clones:
# $TANDEM_DEPS, or ~/.cache/tandem when that is unset.
set -euo pipefail

readonly kTorch=2.11.0
readonly kSentencepiece=0.2.1
readonly kArrow=26.0.1
readonly kCpuWheels="nvidia-cuda-runtime==13.0.96 nvidia-cuda-cupti==13.0.85"
readonly kCudaWheels="nvidia-cublas==13.1.0.3 nvidia-cuda-nvrtc==13.0.88 nvidia-cufft==12.0.0.61 nvidia-cufile==1.15.1.6
  nvidia-curand==10.4.0.35 nvidia-cusolver==12.0.4.66 nvidia-cusparse==12.6.3.3 nvidia-nvjitlink==13.0.88 nvidia-nvtx==13.0.85
  nvidia-cudnn-cu13==9.19.0.56 nvidia-cusparselt-cu13==0.8.0 nvidia-nccl-cu13==2.28.9 nvidia-nvshmem-cu13==3.4.5"
readonly kPackages="g++ cmake ninja-build ccache git unzip python3 python3-pip ca-certificates
  libopencv-core-dev libopencv-imgproc-dev libopencv-imgcodecs-dev libjpeg-dev libpng-dev nlohmann-json3-dev libcli11-dev
  libspdlog-dev libfmt-dev libxxhash-dev libgtest-dev libutf8proc-dev libpcre2-dev zlib1g-dev"

deps=${TANDEM_DEPS:-${XDG_CACHE_HOME:-$HOME/.cache}/tandem}
with_cuda=false
with_parquet=true

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: error: %s\n' "$*" >&2; exit 1; }

parse_arguments() {
  for argument in "$@"; do
    case $argument in
      --cuda) with_cuda=true ;;
      --no-parquet) with_parquet=false ;;
      -h|--help) sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 0 ;;
      *) printf 'setup: unknown option %s (known: --cuda, --no-parquet, --help)\n' "$argument" >&2; exit 64 ;;
    esac
  done
}

# Runs a command with its output kept in a file that is shown only on failure.
quietly() {
  local what=$1 log
  shift
  log=$(mktemp)
  if ! "$@" >"$log" 2>&1; then
    tail -n 15 "$log" >&2
    rm -f "$log"
    fail "$what failed; the end of its output is above (is the network reachable?)"
  fi
  rm -f "$log"
}

missing_packages() {
  local package
  for package in $kPackages; do
    [[ $(dpkg-query -W -f='${Status}' "$package" 2>/dev/null) == *" installed" ]] && continue
    # libjpeg-dev is a virtual name: whichever package provides the header serves.
    [[ $package == libjpeg-dev && -e /usr/include/jpeglib.h ]] && continue
    printf '%s ' "$package"
  done
}

install_packages() {
  command -v apt-get >/dev/null || fail "needs apt-get: Debian 12+, Ubuntu 22.04+ (elsewhere install by hand: $(echo $kPackages))"
  local wanted as_root=()
  wanted=$(missing_packages)
  [[ -z $wanted ]] && return
  if [[ $(id -u) -ne 0 ]]; then
    command -v sudo >/dev/null || fail "needs root to install: $wanted(run as root, or install them by hand)"
    as_root=(sudo)
  fi
  say "installing system packages: $wanted"
  quietly "the package list's update" "${as_root[@]}" apt-get -q update
  # shellcheck disable=SC2086
  quietly "the package installation" "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends $wanted
}

# Downloads wheels and unpacks them side by side, as pip would lay them out, but without touching any Python.
unpack_wheels() {
  local target=$1 machine wheel
  shift
  machine=$(uname -m)
  local downloads="$target" minor platforms=(--platform "manylinux2014_$machine" --platform any)
  for minor in $(seq 39 -1 5); do platforms+=(--platform "manylinux_2_${minor}_$machine"); done  # pip matches each exactly
  mkdir -p "$downloads"
  quietly "the download of $*" python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
    --python-version 3.12 --implementation cp --abi cp312 --abi abi3 --abi none \
    "${platforms[@]}" --dest "$downloads" "$@"
  for wheel in "$downloads"/*.whl; do
    if [[ $wheel == */torch-* ]]; then
      quietly "unpacking $(basename "$wheel")" unzip -q -o "$wheel" 'torch/include/*' 'torch/lib/*' -x 'torch/lib/libtorch_python.so'
    elif [[ $wheel == */pyarrow-* ]]; then
      quietly "unpacking $(basename "$wheel")" unzip -q -o "$wheel" 'pyarrow/include/*' 'pyarrow/libarrow.so.*' 'pyarrow/libparquet.so.*'
    else
      quietly "unpacking $(basename "$wheel")" unzip -q -o "$wheel" 'nvidia/*'
    fi
  done
  rm -rf "$downloads"
}

install_torch() {
  local home=$deps/torch-$kTorch staging
  if [[ ! -e $home/.cpu ]]; then
    say "fetching LibTorch $kTorch into $home"
    staging=$(mktemp -d "$deps/staging.XXXXXX")
    (cd "$staging" && unpack_wheels "$staging/wheels" "torch==$kTorch" $kCpuWheels)
    [[ -e $staging/torch/lib/libtorch_cpu.so ]] || fail "the torch wheel holds no libtorch_cpu.so"
    touch "$staging/.cpu"
    rm -rf "$home"
    mv "$staging" "$home"
    chmod 755 "$home"
  fi
  if $with_cuda && [[ ! -e $home/.cuda ]]; then
    say "fetching the CUDA libraries into $home"
    staging=$(mktemp -d "$deps/staging.XXXXXX")
    (cd "$home" && unpack_wheels "$staging/wheels" $kCudaWheels)
    rm -rf "$staging"
    touch "$home/.cuda"
  fi
}

install_parquet() {
  local home=$deps/pyarrow-$kArrow staging
  $with_parquet && [[ ! -e $home/.done ]] || return 0
  say "fetching Arrow's Parquet $kArrow into $home"
  staging=$(mktemp -d "$deps/staging.XXXXXX")
  (cd "$staging" && unpack_wheels "$staging/wheels" "pyarrow==$kArrow")
  [[ -e $(echo "$staging"/pyarrow/libparquet.so.*) ]] || fail "the pyarrow wheel holds no libparquet"
  touch "$staging/.done"
  rm -rf "$home"
  mv "$staging" "$home"
  chmod 755 "$home"
}

install_sentencepiece() {
  local home=$deps/sentencepiece-$kSentencepiece staging
  [[ -e $home/.done ]] && return
  say "building sentencepiece $kSentencepiece into $home (about a minute)"
  staging=$(mktemp -d "$deps/staging.XXXXXX")
  quietly "the download of sentencepiece" python3 -m pip download --quiet --disable-pip-version-check --no-deps \
    --no-binary=:all: --dest "$staging" "sentencepiece==$kSentencepiece"
  quietly "unpacking sentencepiece" tar -xzf "$staging/sentencepiece-$kSentencepiece.tar.gz" -C "$staging"
  local source=$staging/sentencepiece-$kSentencepiece/sentencepiece
  quietly "configuring sentencepiece" cmake -G Ninja -S "$source" -B "$staging/build" -DCMAKE_BUILD_TYPE=Release \
    -DSPM_ENABLE_SHARED=OFF -DSPM_ENABLE_TCMALLOC=OFF -DCMAKE_POSITION_INDEPENDENT_CODE=ON \
    -DCMAKE_CXX_VISIBILITY_PRESET=hidden -DCMAKE_POLICY_VERSION_MINIMUM=3.5
  quietly "building sentencepiece" cmake --build "$staging/build" --target sentencepiece-static sentencepiece_train-static
  mkdir -p "$staging/home/lib" "$staging/home/include"
  cp "$staging"/build/src/libsentencepiece.a "$staging"/build/src/libsentencepiece_train.a "$staging/home/lib/"
  cp "$source"/src/sentencepiece_processor.h "$source"/src/sentencepiece_trainer.h "$staging/home/include/"
  touch "$staging/home/.done"
  rm -rf "$home"
  mv "$staging/home" "$home"
  rm -rf "$staging"
}

main() {
  parse_arguments "$@"
  install_packages
  mkdir -p "$deps" || fail "cannot create $deps (set TANDEM_DEPS to a folder you may write to)"
  exec 9>"$deps/.lock"
  flock 9
  trap 'rm -rf "$deps"/staging.*' EXIT
  install_torch
  install_sentencepiece
  install_parquet
}

main "$@"
