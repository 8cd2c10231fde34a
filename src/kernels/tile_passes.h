#pragma once

#include <cstdint>

namespace tandem::kernels {

/// Some rows of a tile of logits, in fp32: value (r, c) is values[r * columns + c].
struct TileRows {
  float* values;
  int64_t rows;
  int64_t columns;
};

/// Raises row_max [rows] and column_max [columns] to the largest value of their row and column.
void raise_maxima(const TileRows& tile, float* row_max, float* column_max);

/// Adds exp(value - row_max) of every value to row_sum [rows] and exp(value - column_max) to
/// column_sum [columns]. Values of minus infinity add nothing.
struct ExpSums {
  const float* row_max;
  const float* column_max;
  float* row_sum;
  float* column_sum;
};
void add_exp_sums(const TileRows& tile, const ExpSums& sums);

/// Replaces each value by row_weight · exp(value - row_max) + column_weight · exp(value -
/// column_max), softmax's gradient where the weights hold the sums of exp(value - max).
struct SoftmaxWeights {
  const float* row_max;
  const float* row_weight;
  const float* column_max;
  const float* column_weight;
};
void softmax_gradient(const TileRows& tile, const SoftmaxWeights& weights);

/// Adds the sum of softplus(value) over a row to row_sum [rows], and
/// replaces the value by sigmoid(value), softplus's gradient.
void softplus_and_gradient(const TileRows& tile, float* row_sum);

/// The groups that rows and columns of a tile belong to, [rows] and [columns] each.
struct TileGroups {
  const int64_t* row_image;
  const int64_t* row_text;
  const int64_t* column_image;
  const int64_t* column_text;
};
enum class Relation { kMask, kNegate };
/// Sets every value whose row and column share a group to minus infinity (kMask), or turns its sign
/// (kNegate).
void mark_duplicates(const TileRows& tile, const TileGroups& groups, Relation relation);

}  // namespace tandem::kernels
