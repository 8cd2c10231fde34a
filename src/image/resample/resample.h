#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "tandem/config/data_options.h"
#include "tandem/image/image.h"

namespace tandem {

/// Some pixels of an image that somebody else owns; row y starts at pixels + y * stride.
struct ImageView {
  const uint8_t* pixels = nullptr;
  int64_t width = 0;
  int64_t height = 0;
  int64_t stride = 0;  ///< In bytes.
};

[[nodiscard]] inline ImageView view_of(const Image& image) {
  return {image.pixels.data(), image.width, image.height, image.width * 3};
}

/// Which input pixels make one output pixel, and how much each counts, along one axis.
struct ResampleWeights {
  struct Window {
    int64_t first = 0;  ///< Input pixel, counted from in_first.
    int64_t count = 0;
    int64_t offset = 0;  ///< Of its first weight in `weights`.
  };
  static constexpr int kFractionBits = 22;

  int64_t in_first = 0;  ///< Input pixels that any window needs: in_count from in_first on.
  int64_t in_count = 0;
  std::vector<Window> windows;   ///< One per output pixel.
  std::vector<int32_t> weights;  ///< Fixed point, kFractionBits after the point.
};

/// Along one axis: [first, last) of in_size pixels is resampled onto out_size pixels, of which only
/// out_count from out_first on are wanted. In single precision, as Pillow hands a box on.
struct ResampleAxis {
  int64_t in_size = 0;
  float first = 0;
  float last = 0;
  int64_t out_size = 0;
  int64_t out_first = 0;
  int64_t out_count = 0;
};

/// The whole of in_size onto the whole of out_size.
[[nodiscard]] inline ResampleAxis whole_axis(int64_t in_size, int64_t out_size) {
  return {in_size, 0, static_cast<float>(in_size), out_size, 0, out_size};
}

/// Input pixels along one axis.
struct Span {
  int64_t first = 0;
  int64_t count = 0;
};

/// The input pixels that the wanted output pixels are made of, which must be one or more.
[[nodiscard]] Span needed_span(const ResampleAxis& axis, Interpolation interpolation);

/// Returns Pillow's weights for every filter but kNearest.
[[nodiscard]] ResampleWeights make_resample_weights(const ResampleAxis& axis,
                                                    Interpolation interpolation);

/// Resamples each of source's rows, which are weights.in_count pixels long: source.height rows of
/// weights.windows.size() pixels, packed.
void resample_horizontally(const ImageView& source, const ResampleWeights& weights, uint8_t* out);

/// Resamples each of source's columns, which are weights.in_count pixels high:
/// weights.windows.size() rows of source.width pixels, packed.
void resample_vertically(const ImageView& source, const ResampleWeights& weights, uint8_t* out);

/// Bytes that will all be written before they are read.
[[nodiscard]] inline std::unique_ptr<uint8_t[]> scratch(int64_t size) {
  return std::make_unique_for_overwrite<uint8_t[]>(static_cast<size_t>(size));
}

/// resize (resize.h) of a view, which is all that the filter sees. Throws kUsage for empty sizes
/// and for axes that lead outside.
[[nodiscard]] Image resize_axes(const ImageView& source, const ResampleAxis& across,
                                const ResampleAxis& down, Interpolation interpolation);

/// Whether the resize changes anything along the axis, the crop left aside.
[[nodiscard]] bool changes(const ResampleAxis& axis);

/// The middle out_count of out_size pixels begin here; a half is rounded to even.
[[nodiscard]] int64_t middle_offset(int64_t out_size, int64_t out_count);

}  // namespace tandem
