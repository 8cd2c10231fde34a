#pragma once

#include <cuda_bf16.h>
#include <cuda_runtime.h>

#include "kernels/cuda/numbers.h"

/// For .cu files: numbers in memory, which are fp32 in arithmetic, and sums over threads.
namespace tandem::kernels::cuda {

constexpr int kThreads = 256;
constexpr int kWarp = 32;
constexpr int kWarps = kThreads / kWarp;
constexpr unsigned kAllLanes = 0xffffffffU;

__device__ inline float read(const float* from) { return *from; }
__device__ inline float read(const __nv_bfloat16* from) { return __bfloat162float(*from); }
__device__ inline void write(float* to, float value) { *to = value; }
__device__ inline void write(__nv_bfloat16* to, float value) { *to = __float2bfloat16(value); }

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
