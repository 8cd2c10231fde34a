#pragma once

#include <cstdint>

#include "kernels/tile_passes.h"

/// The passes of kernels/logit_tiles.h as CUDA kernels, on device pointers and a stream
/// (cudaStream_t). They return as soon as they are launched.
namespace tandem::kernels::cuda {

/// Statistics of rows [R] and columns [C], updated in place.
struct TileStats {
  float* row_max;
  float* row_sum;
  float* column_max;
  float* column_sum;
};
void add_to_stats(const TileRows& tile, const TileStats& stats, void* stream);
void to_softmax_gradient(const TileRows& tile, const SoftmaxWeights& weights, void* stream);
void to_softplus_gradient(const TileRows& tile, float* row_sum, void* stream);
void mark(const TileRows& tile, const TileGroups& groups, Relation relation, void* stream);

}  // namespace tandem::kernels::cuda
