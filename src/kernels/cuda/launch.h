#pragma once

#include <cstdint>
#include <type_traits>

#include <cuda_runtime.h>

namespace tandem::kernels::cuda {

/// Blocks of threads, and the stream (cudaStream_t) that they are queued in.
struct Grid {
  dim3 blocks;
  dim3 threads;
  void* stream;
};

/// Blocks that `items` need at `per_block` each.
inline unsigned block_count(int64_t items, int64_t per_block) {
  return static_cast<unsigned>((items + per_block - 1) / per_block);
}

/// Queues a kernel: what <<<>>> says, in words that every C++ compiler reads, so that tests can run
/// kernels on the host (tests/kernels/cuda_on_host).
template <typename... P>
void launch(const Grid& grid, void (*kernel)(P...), std::type_identity_t<P>... arguments) {
  void* pointers[] = {&arguments...};
  (void)cudaLaunchKernel(kernel, grid.blocks, grid.threads, pointers, 0,
                         static_cast<cudaStream_t>(grid.stream));
}

}  // namespace tandem::kernels::cuda
