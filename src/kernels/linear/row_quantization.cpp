#include "kernels/linear/row_quantization.h"

#include <cmath>

#include "kernels/vectorised.h"

namespace tandem::kernels {

TANDEM_VECTORISED
void quantize_rows(const float* x, float largest, const QuantizedRows& out) {
  const int64_t columns = out.columns;
  for (int64_t r = 0; r < out.rows; ++r) {
    const float* const row = x + r * columns;
    float low = 0.0F, high = 0.0F, poison = 0.0F;  // 0, or NaN when a value is not finite.
#pragma omp simd reduction(min : low) reduction(max : high) reduction(+ : poison)
    for (int64_t c = 0; c < columns; ++c) {
      low = row[c] < low ? row[c] : low;
      high = row[c] > high ? row[c] : high;
      poison += 0.0F * row[c];
    }
    const float range = high - low, step = range > 0.0F ? largest / range : 1.0F;
    const float zero = std::nearbyint(-low * step);
    out.scale[r] = 1.0F / step + poison;
    out.zero[r] = zero;
    uint8_t* const bytes = out.bytes + r * columns;
    const float shift = zero + 0.5F;  // What follows is positive: cutting off rounds.
#pragma omp simd
    for (int64_t c = 0; c < columns; ++c) {
      const float level = row[c] * step + shift;
      const float kept = level < largest ? level : largest;
      bytes[c] = static_cast<uint8_t>(static_cast<int32_t>(kept > 0.0F ? kept : 0.0F));
    }
  }
}

TANDEM_VECTORISED
void restore_rows(float* y, const QuantizedRows& from, const OutputTerms& terms) {
  const int64_t channels = terms.channels;
  for (int64_t r = 0; r < from.rows; ++r) {
    float* const row = y + r * channels;
    const float scale = from.scale[r], zero = from.zero[r];
#pragma omp simd
    for (int64_t c = 0; c < channels; ++c)
      row[c] = scale * (row[c] - zero * terms.weight_sum[c]) + terms.bias[c];
  }
}

}  // namespace tandem::kernels
