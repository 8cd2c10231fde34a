#pragma once

#include "image/resample/resample.h"

namespace tandem {

/// The two passes of a resize, see resample_horizontally and resample_vertically (resample.h), for
/// one kind of processor. All kinds give the same bits: sums of products in 32-bit integers.
struct ResamplePasses {
  void (*horizontally)(const ImageView& source, const ResampleWeights& weights, uint8_t* out);
  void (*vertically)(const ImageView& source, const ResampleWeights& weights, uint8_t* out);
};

/// For every processor.
extern const ResamplePasses kPortablePasses;

/// For x86 processors with AVX2; null where this one has none.
[[nodiscard]] const ResamplePasses* avx2_passes();

/// Rows that the horizontal pass takes at a time.
inline constexpr int64_t kStripRows = 16;

/// Where the rows of the strip that begins at row y begin; below the image its last row is
/// repeated.
struct Strip {
  const uint8_t* rows[kStripRows];
  int64_t row_count;

  Strip(const ImageView& source, int64_t y)
      : row_count(source.height - y < kStripRows ? source.height - y : kStripRows) {
    for (int64_t r = 0; r < kStripRows; ++r)
      rows[r] = source.pixels + (y + (r < row_count ? r : row_count - 1)) * source.stride;
  }
};

}  // namespace tandem
