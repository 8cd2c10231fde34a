#pragma once

#include "tandem/image/image.h"

namespace tandem {

/// Part of an image, in pixels; may be fractional, as Pillow's `box`.
struct Box {
  double left = 0;
  double top = 0;
  double right = 0;
  double bottom = 0;
};

/// Returns the image at width × height, equal to Pillow 13's `Image.resize` value for value:
/// filter widened when shrinking, weights in fixed point, rounded to 8 bits between the passes
/// (Pillow, src/libImaging/Resample.c); an image whose stored_mode is not kRgb as Pillow resizes
/// that mode, then converted to RGB. The horizontal pass comes first; the vertical one where it
/// takes away more than twice as many rows as the horizontal one columns. Pillow before 13 always
/// went across first: such images differ there in their last bit. Throws kUsage for an empty
/// image or size. Thread-safe.
[[nodiscard]] Image resize(const Image& image, int64_t width, int64_t height,
                           Interpolation interpolation);
/// The same for the part `box` of the image; the filter also sees what lies around it. Throws
/// kUsage for a box that is empty or leads outside.
[[nodiscard]] Image resize(const Image& image, int64_t width, int64_t height,
                           Interpolation interpolation, const Box& box);

/// Returns the size × size middle of the image; offsets are rounded half to even, as
/// torchvision's CenterCrop does. Sides shorter than `size` are filled with `image.padding`. Throws
/// kUsage for a size of zero.
[[nodiscard]] Image center_crop(const Image& image, int64_t size);

}  // namespace tandem
