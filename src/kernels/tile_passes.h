#pragma once

#include <cstdint>

/// Passes over some rows of a tile, on pointers: what kernels/tiles/logit_tiles.h is made of on
/// CPUs, and the words it shares with the CUDA form.
namespace tandem::kernels {

/// Some rows of a tile in fp32: value (r, c) is values[r * columns + c].
struct TileRows {
  float* values;
  int64_t rows;
  int64_t columns;
};

/// The groups that rows and columns of a tile belong to, [rows] and [columns] each; null pointers
/// where no pair shares one.
struct TileGroups {
  const int64_t* row_image = nullptr;
  const int64_t* row_text = nullptr;
  const int64_t* column_image = nullptr;
  const int64_t* column_text = nullptr;
};

/// What becomes of pairs whose row and column share a group.
enum class Relation { kMask, kMatch };

/// What a tile's products stand for: logit = scale · product + bias. A pair and itself, (r, r +
/// shift), is a match; other pairs that share a group are left out (kMask) or matches too (kMatch).
struct TileMeaning {
  const float* scale = nullptr;
  const float* bias = nullptr;  ///< Null for none.
  int64_t shift = 0;
  TileGroups groups = {};
  Relation relation = Relation::kMask;
};

/// Replaces products by logits, and those that are left out by minus infinity.
void make_logits(const TileRows& tile, const TileMeaning& meaning);
/// Turns the sign of the values of matches.
void negate_matches(const TileRows& tile, const TileMeaning& meaning);

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

/// Adds the sum of softplus(value) over a row to row_sum [rows], and replaces the value by
/// sigmoid(value), softplus's gradient.
void softplus_and_gradient(const TileRows& tile, float* row_sum);

/// Adds the sum of a row's values to row_sum [rows].
void add_row_sums(const TileRows& tile, float* row_sum);

}  // namespace tandem::kernels
