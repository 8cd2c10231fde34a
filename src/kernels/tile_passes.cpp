#include "kernels/tile_passes.h"

#include <limits>

#include "kernels/vectorised.h"

namespace tandem::kernels {
namespace {

constexpr float kLeftOut = -std::numeric_limits<float>::infinity();

// The column of row r that lies on the diagonal, or the columns' count where none does.
int64_t diagonal_column(const TileRows& tile, int64_t shift, int64_t r) {
  const int64_t c = r + shift;
  return c >= 0 && c < tile.columns ? c : tile.columns;
}

}  // namespace

TANDEM_VECTORISED
void make_logits(const TileRows& tile, const TileMeaning& meaning) {
  const float scale = *meaning.scale, bias = meaning.bias == nullptr ? 0.0F : *meaning.bias;
  const TileGroups& groups = meaning.groups;
  const bool masks = groups.row_image != nullptr && meaning.relation == Relation::kMask;
  for (int64_t r = 0; r < tile.rows; ++r) {
    float* const row = tile.values + r * tile.columns;
#pragma omp simd
    for (int64_t c = 0; c < tile.columns; ++c) row[c] = scale * row[c] + bias;
    if (!masks) continue;
    const int64_t own = diagonal_column(tile, meaning.shift, r);
    const float kept = own < tile.columns ? row[own] : 0.0F;
    const int64_t image = groups.row_image[r], text = groups.row_text[r];
#pragma omp simd
    for (int64_t c = 0; c < tile.columns; ++c) {
      const bool same = (image == groups.column_image[c]) | (text == groups.column_text[c]);
      row[c] = same ? kLeftOut : row[c];  // NOLINT(bugprone-narrowing-conversions): float to float.
    }
    if (own < tile.columns) row[own] = kept;
  }
}

TANDEM_VECTORISED
void negate_matches(const TileRows& tile, const TileMeaning& meaning) {
  const TileGroups& groups = meaning.groups;
  const bool by_group = groups.row_image != nullptr && meaning.relation == Relation::kMatch;
  for (int64_t r = 0; r < tile.rows; ++r) {
    float* const row = tile.values + r * tile.columns;
    const int64_t own = diagonal_column(tile, meaning.shift, r);
    const float turned = own < tile.columns ? -row[own] : 0.0F;
    if (by_group) {
      const int64_t image = groups.row_image[r], text = groups.row_text[r];
#pragma omp simd
      for (int64_t c = 0; c < tile.columns; ++c) {
        const bool same = (image == groups.column_image[c]) | (text == groups.column_text[c]);
        row[c] = same ? -row[c] : row[c];
      }
    }
    if (own < tile.columns) row[own] = turned;
  }
}

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
void add_row_sums(const TileRows& tile, float* row_sum) {
  for (int64_t r = 0; r < tile.rows; ++r) {
    const float* const row = tile.values + r * tile.columns;
    float sum = 0.0F;
#pragma omp simd reduction(+ : sum)
    for (int64_t c = 0; c < tile.columns; ++c) sum += row[c];
    row_sum[r] += sum;
  }
}

}  // namespace tandem::kernels
