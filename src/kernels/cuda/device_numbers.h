#pragma once

#include <cstdint>
#include <cstring>

#include <cuda_bf16.h>
#include <cuda_runtime.h>

#include "kernels/cuda/numbers.h"

/// For .cu files: numbers in memory, which are fp32 in arithmetic, and sums over threads.
namespace tandem::kernels::cuda {

constexpr int kThreads = 256;
constexpr int kWarp = 32;
constexpr int kWarps = kThreads / kWarp;
constexpr unsigned kAllLanes = 0xffffffffU;

__device__ inline float number(float value) { return value; }
__device__ inline float number(uint8_t value) { return value; }
__device__ inline float number(__nv_bfloat16 value) { return __bfloat162float(value); }
__device__ inline void write(float* to, float value) { *to = value; }
__device__ inline void write(__nv_bfloat16* to, float value) { *to = __float2bfloat16(value); }

/// Neighbours in memory that a thread reads or writes in one access.
template <typename T, int N>
struct alignas(N * sizeof(T)) Pack {
  T values[N];
};
/// As many of them as fill kPackBytes.
template <typename T>
constexpr int kPackSize = kPackBytes / static_cast<int>(sizeof(T));

template <typename T, int N>
__device__ inline void read_pack(const T* from, float (&to)[N]) {
  const Pack<T, N> pack = *reinterpret_cast<const Pack<T, N>*>(from);
  for (int i = 0; i < N; ++i) to[i] = number(pack.values[i]);
}
template <typename T, int N>
__device__ inline void write_pack(T* to, const float (&from)[N]) {
  Pack<T, N> pack;
  for (int i = 0; i < N; ++i) write(pack.values + i, from[i]);
  if constexpr (sizeof(pack) % kPackBytes == 0) {
    // Words by their own instruction: of a struct, the compiler writes value by value.
    uint4 words[sizeof(pack) / kPackBytes];
    memcpy(words, &pack, sizeof(pack));
    for (size_t i = 0; i < sizeof(pack) / kPackBytes; ++i)
      __stwb(reinterpret_cast<uint4*>(to) + i, words[i]);
  } else {
    *reinterpret_cast<Pack<T, N>*>(to) = pack;
  }
}

/// The sum of `value` over the warp, known to every lane.
__device__ inline float sum_over_warp(float value) {
  for (int step = kWarp / 2; step > 0; step /= 2) value += __shfl_xor_sync(kAllLanes, value, step);
  return value;
}

/// The largest `value` of the warp, known to every lane; NaN counts for nothing.
__device__ inline float max_over_warp(float value) {
  for (int step = kWarp / 2; step > 0; step /= 2)
    value = fmaxf(value, __shfl_xor_sync(kAllLanes, value, step));
  return value;
}

/// Calls launch with a pointer of the number's type.
template <typename Launch>
void with_type(Number number, const Launch& launch) {
  if (number == Number::kBf16) {
    launch(static_cast<__nv_bfloat16*>(nullptr));
  } else {
    launch(static_cast<float*>(nullptr));
  }
}

}  // namespace tandem::kernels::cuda
