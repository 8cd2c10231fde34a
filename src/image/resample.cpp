#include "image/resample.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "image/clones.h"

namespace tandem {
namespace {

constexpr int64_t kRows = 16;  ///< Rows that the horizontal pass takes at a time.
constexpr int kLanes = 3 * kRows;

/// out[lane] = the weighted sum of source[tap * stride + lane] over the taps, rounded to 8 bits.
template <int kCount>
TANDEM_ALWAYS_INLINE void weighted_sum(const uint8_t* __restrict source, int64_t stride,
                                       const ResampleWeights& weights,
                                       const ResampleWeights::Window& window,
                                       uint8_t* __restrict out) {
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

/// Turns 8 rows of 8 bytes into its columns: blocks of 4, then 2, then 1 change places.
TANDEM_ALWAYS_INLINE void transpose_8x8(uint64_t (&rows)[8]) {
  static_assert(std::endian::native == std::endian::little);
  constexpr uint64_t kMasks[] = {0x00FF00FF00FF00FF, 0x0000FFFF0000FFFF, 0x00000000FFFFFFFF};
  for (int stage = 2; stage >= 0; --stage) {
    const int distance = 1 << stage;
    for (int i = 0; i < 8; ++i) {
      if ((i & distance) != 0) continue;
      const uint64_t moved = (rows[i] >> (8 * distance) ^ rows[i + distance]) & kMasks[stage];
      rows[i + distance] ^= moved;
      rows[i] ^= moved << (8 * distance);
    }
  }
}

/// columns[i * kRows + r] = rows[r][i] for i < count.
TANDEM_ALWAYS_INLINE void rows_to_columns(const uint8_t* const (&rows)[kRows], int64_t count,
                                          uint8_t* columns) {
  int64_t i = 0;
  for (; i + 8 <= count; i += 8) {
    for (int64_t half = 0; half < kRows; half += 8) {
      uint64_t block[8];
      for (int64_t r = 0; r < 8; ++r) std::memcpy(&block[r], rows[half + r] + i, 8);
      transpose_8x8(block);
      for (int64_t c = 0; c < 8; ++c) std::memcpy(columns + (i + c) * kRows + half, &block[c], 8);
    }
  }
  for (; i < count; ++i)
    for (int64_t r = 0; r < kRows; ++r) columns[i * kRows + r] = rows[r][i];
}

/// The way back, into `row_count` rows of `count` bytes.
TANDEM_ALWAYS_INLINE void columns_to_rows(const uint8_t* columns, int64_t count, int64_t row_count,
                                          uint8_t* rows) {
  int64_t i = 0;
  for (; i + 8 <= count; i += 8) {
    for (int64_t half = 0; half < row_count; half += 8) {
      uint64_t block[8];
      for (int64_t c = 0; c < 8; ++c) std::memcpy(&block[c], columns + (i + c) * kRows + half, 8);
      transpose_8x8(block);
      for (int64_t r = 0; r < std::min<int64_t>(8, row_count - half); ++r)
        std::memcpy(rows + (half + r) * count + i, &block[r], 8);
    }
  }
  for (; i < count; ++i)
    for (int64_t r = 0; r < row_count; ++r) rows[r * count + i] = columns[i * kRows + r];
}

}  // namespace

TANDEM_CLONES
void resample_horizontally(const ImageView& source, const ResampleWeights& weights, uint8_t* out) {
  const auto width = static_cast<int64_t>(weights.windows.size());
  std::vector<uint8_t> columns(static_cast<size_t>(source.width * kLanes));
  std::vector<uint8_t> resampled(static_cast<size_t>(width * kLanes));
  for (int64_t y = 0; y < source.height; y += kRows) {
    const int64_t row_count = std::min(kRows, source.height - y);
    const uint8_t* rows[kRows];
    for (int64_t r = 0; r < kRows; ++r)
      rows[r] = source.pixels + (y + std::min(r, row_count - 1)) * source.stride;
    rows_to_columns(rows, source.width * 3, columns.data());
    for (int64_t x = 0; x < width; ++x) {
      const auto& window = weights.windows[static_cast<size_t>(x)];
      weighted_sum<kLanes>(columns.data() + window.first * kLanes, kLanes, weights, window,
                           resampled.data() + x * kLanes);
    }
    columns_to_rows(resampled.data(), width * 3, row_count, out + y * width * 3);
  }
}

TANDEM_CLONES
void resample_vertically(const ImageView& source, const ResampleWeights& weights, uint8_t* out) {
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

}  // namespace tandem
