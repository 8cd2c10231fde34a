#pragma once

/// As much of CUDA as the kernels of src/kernels/cuda speak, on the host: tests include a .cu file
/// behind this header and call its functions with pointers to ordinary memory. A block's warps
/// take turns, in two orders, each for as long as it can: a missing __syncthreads shows.

#include <cmath>
#include <cstddef>
#include <functional>
#include <type_traits>
#include <utility>

// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): CUDA's own names.
#define __global__
#define __device__
#define __shared__ static
#define __launch_bounds__(threads)
#define __fdividef(x, y) ((x) / (y))

struct dim3 {
  unsigned x = 1, y = 1, z = 1;
  constexpr dim3(unsigned size_x = 1, unsigned size_y = 1, unsigned size_z = 1)
      : x(size_x), y(size_y), z(size_z) {}
};
struct alignas(16) uint4 {
  unsigned x, y, z, w;
};
using cudaStream_t = void*;
enum cudaError_t { cudaSuccess };

namespace tandem::cuda_on_host {

/// Where the running thread stands.
struct Place {
  dim3 thread;
  dim3 block;
  dim3 threads;  // Of each block.
};
extern Place place;

/// Runs `thread` for every thread of every block. Throws std::logic_error for a shuffle that not
/// all lanes reach, and for a grid that is no grid.
void run_grid(dim3 blocks, dim3 threads, const std::function<void()>& thread);
/// Waits for all threads of the block that have not ended.
void wait_for_block();
/// Exchanges values with the lane whose number differs in the bits of `lanes`.
float exchange(float value, int lanes);

}  // namespace tandem::cuda_on_host

#define threadIdx (::tandem::cuda_on_host::place.thread)
#define blockIdx (::tandem::cuda_on_host::place.block)
#define blockDim (::tandem::cuda_on_host::place.threads)

inline void __syncthreads() { tandem::cuda_on_host::wait_for_block(); }
inline float __shfl_xor_sync(unsigned, float value, int lanes) {
  return tandem::cuda_on_host::exchange(value, lanes);
}
inline float __expf(float x) { return std::exp(x); }
inline void __stwb(uint4* to, uint4 value) { *to = value; }
inline float rsqrtf(float x) { return 1.0F / std::sqrt(x); }

template <typename... P>
cudaError_t cudaLaunchKernel(void (*kernel)(P...), dim3 blocks, dim3 threads, void** arguments,
                             size_t, cudaStream_t) {
  const auto call = [&]<size_t... I>(std::index_sequence<I...>) {
    kernel(*static_cast<std::remove_reference_t<P>*>(arguments[I])...);
  };
  tandem::cuda_on_host::run_grid(blocks, threads, [&] { call(std::index_sequence_for<P...>{}); });
  return cudaSuccess;
}
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)
