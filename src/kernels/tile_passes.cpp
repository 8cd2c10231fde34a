#include "kernels/tile_passes.h"

#include <limits>

#include "kernels/vectorised.h"

namespace tandem::kernels {

TANDEM_VECTORISED
void raise_maxima(const TileRows& tile, float* row_max, float* column_max) {
  const int64_t columns = tile.columns;
  for (int64_t r = 0; r < tile.rows; ++r) {
    const float* const row = tile.values + r * columns;
    float largest = row_max[r];
#pragma omp simd reduction(max : largest)
    for (int64_t c = 0; c < columns; ++c) {
      const float value = row[c];
      largest = value > largest ? value : largest;
      column_max[c] = value > column_max[c] ? value : column_max[c];
    }
    row_max[r] = largest;
  }
}

TANDEM_VECTORISED
void add_exp_sums(const TileRows& tile, const ExpSums& sums) {
  const int64_t columns = tile.columns;
  const float* const column_max = sums.column_max;
  float* const column_sum = sums.column_sum;
  for (int64_t r = 0; r < tile.rows; ++r) {
    const float* const row = tile.values + r * columns;
    const float row_max = sums.row_max[r];
    float sum = 0.0F;
#pragma omp simd reduction(+ : sum)
    for (int64_t c = 0; c < columns; ++c) {
      sum += exp_of_negative(row[c] - row_max);
      column_sum[c] += exp_of_negative(row[c] - column_max[c]);
    }
    sums.row_sum[r] += sum;
  }
}

TANDEM_VECTORISED
void softmax_gradient(const TileRows& tile, const SoftmaxWeights& weights) {
  const int64_t columns = tile.columns;
  const float* const column_max = weights.column_max;
  const float* const column_weight = weights.column_weight;
  for (int64_t r = 0; r < tile.rows; ++r) {
    float* const row = tile.values + r * columns;
    const float row_max = weights.row_max[r], row_weight = weights.row_weight[r];
#pragma omp simd
    for (int64_t c = 0; c < columns; ++c) {
      row[c] = row_weight * exp_of_negative(row[c] - row_max) +
               column_weight[c] * exp_of_negative(row[c] - column_max[c]);
    }
  }
}

TANDEM_VECTORISED
void softplus_and_gradient(const TileRows& tile, float* row_sum) {
  for (int64_t r = 0; r < tile.rows; ++r) {
    float* const row = tile.values + r * tile.columns;
    float sum = 0.0F;
#pragma omp simd reduction(+ : sum)
    for (int64_t c = 0; c < tile.columns; ++c) {
      const float value = row[c];
      const float small = exp_of_negative(value > 0.0F ? -value : value);  // exp(-|value|)
      sum += (value > 0.0F ? value : 0.0F) + log_of_one_plus(small);
      row[c] = (value > 0.0F ? 1.0F : small) / (1.0F + small);
    }
    row_sum[r] += sum;
  }
}

TANDEM_VECTORISED
void mark_duplicates(const TileRows& tile, const TileGroups& groups, Relation relation) {
  constexpr float kMasked = -std::numeric_limits<float>::infinity();
  const bool mask = relation == Relation::kMask;
  for (int64_t r = 0; r < tile.rows; ++r) {
    float* const row = tile.values + r * tile.columns;
    const int64_t image = groups.row_image[r], text = groups.row_text[r];
#pragma omp simd
    for (int64_t c = 0; c < tile.columns; ++c) {
      const bool same = (image == groups.column_image[c]) | (text == groups.column_text[c]);
      row[c] = same ? (mask ? kMasked : -row[c]) : row[c];
    }
  }
}

}  // namespace tandem::kernels
