#include "image/resample/resample.h"

#include <algorithm>
#include <array>

#include "image/resample/resample_passes.h"

namespace tandem {
namespace {

constexpr int kLanes = 3 * kStripRows;

/// out[lane] = the weighted sum of source[tap * stride + lane] over the taps, rounded to 8 bits.
template <int kCount>
void weighted_sum(const uint8_t* source, int64_t stride, const ResampleWeights& weights,
                  const ResampleWeights::Window& window, uint8_t* out) {
  constexpr int kBits = ResampleWeights::kFractionBits;
  const int32_t* taps = weights.weights.data() + window.offset;
  std::array<int32_t, kCount> sums;
  sums.fill(1 << (kBits - 1));
  for (int64_t tap = 0; tap < window.count; ++tap) {
    const uint8_t* bytes = source + tap * stride;
    for (int lane = 0; lane < kCount; ++lane) sums[lane] += taps[tap] * bytes[lane];
  }
  for (int lane = 0; lane < kCount; ++lane)
    out[lane] = static_cast<uint8_t>(std::clamp(sums[lane] >> kBits, 0, 255));
}

/// Columns of a strip stand one after the other, kStripRows bytes each, so that one weight serves
/// all rows at once.
void resample_rows(const ImageView& source, const ResampleWeights& weights, uint8_t* out) {
  const int64_t row_bytes = source.width * 3;
  const auto width = static_cast<int64_t>(weights.windows.size());
  const auto columns = scratch(row_bytes * kStripRows);
  for (int64_t y = 0; y < source.height; y += kStripRows) {
    const Strip strip(source, y);
    for (int64_t r = 0; r < kStripRows; ++r)
      for (int64_t i = 0; i < row_bytes; ++i) columns[i * kStripRows + r] = strip.rows[r][i];
    for (int64_t x = 0; x < width; ++x) {
      const auto& window = weights.windows[static_cast<size_t>(x)];
      std::array<uint8_t, kLanes> pixels;
      weighted_sum<kLanes>(columns.get() + window.first * kLanes, kLanes, weights, window,
                           pixels.data());
      for (int64_t r = 0; r < strip.row_count; ++r) {
        uint8_t* pixel = out + ((y + r) * width + x) * 3;
        for (int64_t channel = 0; channel < 3; ++channel)
          pixel[channel] = pixels[static_cast<size_t>(channel * kStripRows + r)];
      }
    }
  }
}

void resample_columns(const ImageView& source, const ResampleWeights& weights, uint8_t* out) {
  const int64_t row_bytes = source.width * 3;
  for (const auto& window : weights.windows) {
    const uint8_t* rows = source.pixels + window.first * source.stride;
    int64_t i = 0;
    for (; i + kLanes <= row_bytes; i += kLanes)
      weighted_sum<kLanes>(rows + i, source.stride, weights, window, out + i);
    for (; i < row_bytes; i += 3)
      weighted_sum<3>(rows + i, source.stride, weights, window, out + i);
    out += row_bytes;
  }
}

/// Chosen once, by the processor.
const ResamplePasses& passes() {
  static const ResamplePasses& best = avx2_passes() != nullptr ? *avx2_passes() : kPortablePasses;
  return best;
}

}  // namespace

const ResamplePasses kPortablePasses = {resample_rows, resample_columns};

void resample_horizontally(const ImageView& source, const ResampleWeights& weights, uint8_t* out) {
  passes().horizontally(source, weights, out);
}

void resample_vertically(const ImageView& source, const ResampleWeights& weights, uint8_t* out) {
  passes().vertically(source, weights, out);
}

}  // namespace tandem
