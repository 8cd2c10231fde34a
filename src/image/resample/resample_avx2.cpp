#include "image/resample/resample_passes.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>
#include <cstring>

#define TANDEM_AVX2 __attribute__((target("avx2")))
#define TANDEM_AVX2_INLINE inline __attribute__((target("avx2"), always_inline))

namespace tandem {
namespace {

constexpr int64_t kLaneBytes = 16;

/// 16 sums, one per byte of a column or row. Weights have up to 24 bits: 32-bit products are what
/// keeps them exact.
struct Sums {
  __m256i low;
  __m256i high;
};

TANDEM_AVX2_INLINE void start(Sums& sums) {
  sums.low = sums.high = _mm256_set1_epi32(1 << (ResampleWeights::kFractionBits - 1));
}

TANDEM_AVX2_INLINE void add_product(Sums& sums, const uint8_t* bytes, __m256i weight) {
  const __m128i sixteen = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
  const __m256i low = _mm256_cvtepu8_epi32(sixteen);
  const __m256i high = _mm256_cvtepu8_epi32(_mm_unpackhi_epi64(sixteen, sixteen));
  sums.low = _mm256_add_epi32(sums.low, _mm256_mullo_epi32(low, weight));
  sums.high = _mm256_add_epi32(sums.high, _mm256_mullo_epi32(high, weight));
}

/// Cuts the fraction off and clips to a byte, as saturating packs do.
TANDEM_AVX2_INLINE __m128i rounded_bytes(const Sums& sums) {
  const __m256i low = _mm256_srai_epi32(sums.low, ResampleWeights::kFractionBits);
  const __m256i high = _mm256_srai_epi32(sums.high, ResampleWeights::kFractionBits);
  const __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), 0xD8);
  return _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
}

/// out = the weighted sum of kCount × 16 bytes at source + tap * stride over the taps.
template <int kCount>
TANDEM_AVX2_INLINE void weighted_sum(const uint8_t* source, int64_t stride, const int32_t* taps,
                                     int64_t tap_count, __m128i (&out)[kCount]) {
  Sums sums[kCount];
  for (Sums& each : sums) start(each);
  for (int64_t tap = 0; tap < tap_count; ++tap, source += stride) {
    const __m256i weight = _mm256_set1_epi32(taps[tap]);
    for (int i = 0; i < kCount; ++i) add_product(sums[i], source + kLaneBytes * i, weight);
  }
  for (int i = 0; i < kCount; ++i) out[i] = rounded_bytes(sums[i]);
}

/// Turns 16 rows of 16 bytes into its columns: four rounds of pairing row i with row i + 8.
TANDEM_AVX2_INLINE void transpose(__m128i (&rows)[16]) {
  for (int round = 0; round < 4; ++round) {
    __m128i paired[16];
    for (int64_t i = 0; i < 8; ++i) {
      paired[2 * i] = _mm_unpacklo_epi8(rows[i], rows[i + 8]);
      paired[2 * i + 1] = _mm_unpackhi_epi8(rows[i], rows[i + 8]);
    }
    for (int i = 0; i < 16; ++i) rows[i] = paired[i];
  }
}

/// columns[i * 16 + r] = rows[r][i] for i < count.
TANDEM_AVX2 void rows_to_columns(const Strip& strip, int64_t count, uint8_t* columns) {
  int64_t i = 0;
  for (; i + kLaneBytes <= count; i += kLaneBytes) {
    __m128i block[16];
    for (int r = 0; r < 16; ++r)
      block[r] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(strip.rows[r] + i));
    transpose(block);
    for (int c = 0; c < 16; ++c)
      _mm_storeu_si128(reinterpret_cast<__m128i*>(columns + (i + c) * 16), block[c]);
  }
  for (; i < count; ++i)
    for (int r = 0; r < 16; ++r) columns[i * 16 + r] = strip.rows[r][i];
}

/// The way back, into `row_count` rows of `count` bytes.
TANDEM_AVX2 void columns_to_rows(const uint8_t* columns, int64_t count, int64_t row_count,
                                 uint8_t* rows) {
  int64_t i = 0;
  for (; i + kLaneBytes <= count; i += kLaneBytes) {
    __m128i block[16];
    for (int c = 0; c < 16; ++c)
      block[c] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(columns + (i + c) * 16));
    transpose(block);
    for (int64_t r = 0; r < row_count; ++r)
      _mm_storeu_si128(reinterpret_cast<__m128i*>(rows + r * count + i), block[r]);
  }
  for (; i < count; ++i)
    for (int64_t r = 0; r < row_count; ++r) rows[r * count + i] = columns[i * 16 + r];
}

/// Columns of a strip stand one after the other, so that one weight serves 16 rows at once.
TANDEM_AVX2 void resample_rows(const ImageView& source, const ResampleWeights& weights,
                               uint8_t* out) {
  static_assert(kStripRows == kLaneBytes);
  constexpr int64_t kPixelBytes = 3 * kStripRows;
  const auto width = static_cast<int64_t>(weights.windows.size());
  const auto columns = scratch(source.width * kPixelBytes);
  const auto resampled = scratch(width * kPixelBytes);
  for (int64_t y = 0; y < source.height; y += kStripRows) {
    const Strip strip(source, y);
    rows_to_columns(strip, source.width * 3, columns.get());
    uint8_t* target = resampled.get();
    for (const auto& window : weights.windows) {
      __m128i pixels[3];
      weighted_sum(columns.get() + window.first * kPixelBytes, kPixelBytes,
                   weights.weights.data() + window.offset, window.count, pixels);
      for (int channel = 0; channel < 3; ++channel, target += kLaneBytes)
        _mm_storeu_si128(reinterpret_cast<__m128i*>(target), pixels[channel]);
    }
    columns_to_rows(resampled.get(), width * 3, strip.row_count, out + y * width * 3);
  }
}

/// One row from 16 bytes or fewer on; the last block of a longer row overlaps the one before.
TANDEM_AVX2 void resample_short_row(const uint8_t* rows, int64_t stride, const int32_t* taps,
                                    int64_t tap_count, int64_t byte_count, uint8_t* out) {
  for (int64_t i = 0; i < byte_count; ++i) {
    int32_t sum = 1 << (ResampleWeights::kFractionBits - 1);
    for (int64_t tap = 0; tap < tap_count; ++tap) sum += taps[tap] * rows[tap * stride + i];
    out[i] = static_cast<uint8_t>(std::clamp(sum >> ResampleWeights::kFractionBits, 0, 255));
  }
}

TANDEM_AVX2 void resample_columns(const ImageView& source, const ResampleWeights& weights,
                                  uint8_t* out) {
  constexpr int kBlocks = 3;
  constexpr int64_t kBytes = kBlocks * kLaneBytes;
  const int64_t row_bytes = source.width * 3;
  for (const auto& window : weights.windows) {
    const uint8_t* rows = source.pixels + window.first * source.stride;
    const int32_t* taps = weights.weights.data() + window.offset;
    if (row_bytes < kBytes)
      resample_short_row(rows, source.stride, taps, window.count, row_bytes, out);
    for (int64_t next = 0; row_bytes >= kBytes && next < row_bytes; next += kBytes) {
      const int64_t i = std::min(next, row_bytes - kBytes);
      __m128i bytes[kBlocks];
      weighted_sum(rows + i, source.stride, taps, window.count, bytes);
      for (int block = 0; block < kBlocks; ++block)
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i + kLaneBytes * block), bytes[block]);
    }
    out += row_bytes;
  }
}

constexpr ResamplePasses kAvx2Passes = {resample_rows, resample_columns};

}  // namespace

const ResamplePasses* avx2_passes() {
  return __builtin_cpu_supports("avx2") != 0 ? &kAvx2Passes : nullptr;
}

}  // namespace tandem

#else

namespace tandem {

const ResamplePasses* avx2_passes() { return nullptr; }

}  // namespace tandem

#endif
