#pragma once

#include <cstdint>

#include "kernels/cuda/numbers.h"
#include "kernels/tile_passes.h"

/// The passes of kernels/tiles/logit_tiles.h as CUDA kernels, on device pointers and a stream
/// (cudaStream_t). They return as soon as they are launched.
namespace tandem::kernels::cuda {

/// Rows and columns that one block sums over; what it finds is a part of the tile's sums.
constexpr int64_t kPanelRows = 32;
constexpr int64_t kPanelColumns = 512;
/// Parts of the sums over each row of a tile with so many columns.
inline int64_t row_part_count(int64_t columns) {
  return (columns + kPanelColumns - 1) / kPanelColumns;
}
/// Parts of the sums over each column of a tile with so many rows.
inline int64_t column_part_count(int64_t rows) { return (rows + kPanelRows - 1) / kPanelRows; }

/// Σ exp of any number of values, as sum · exp(max).
struct Stat {
  float max;
  float sum;
};

/// Statistics of rows [R] and columns [C], updated in place, the diagonal's logits [R], and room
/// for parts.
struct StatBuffers {
  float* row_max;
  float* row_sum;
  float* column_max;
  float* column_sum;
  float* diagonal;
  Stat* row_parts;     ///< [row_part_count(C), R]
  Stat* column_parts;  ///< [column_part_count(R), C]
};
void add_to_stats(const TileRows& tile, const TileMeaning& meaning, const StatBuffers& stats,
                  void* stream);

/// Where a gradient goes: [R, C], the tile itself perhaps.
struct GradientOut {
  void* values;
  Number number;
};
struct SoftmaxPass {
  SoftmaxWeights weights;
  const float* diagonal;  ///< [R]
  GradientOut out;
};
void softmax_gradient(const TileRows& tile, const TileMeaning& meaning, const SoftmaxPass& pass,
                      void* stream);

struct SigmoidPass {
  float* loss_parts;   ///< [row_part_count(C), R]
  float* slope_parts;  ///< Likewise.
  GradientOut out;
};
void sigmoid_gradient(const TileRows& tile, const TileMeaning& meaning, const SigmoidPass& pass,
                      void* stream);

}  // namespace tandem::kernels::cuda
