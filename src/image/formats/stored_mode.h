#pragma once

#include <array>
#include <cstdint>

#include "image/formats/transparency.h"
#include "image/resample/resample.h"
#include "tandem/image/image.h"

namespace tandem {

/// Turns `width` pixels of inverted CMYK, as Adobe writes it to JPEG files, into RGB as Pillow
/// does.
void cmyk_to_rgb(const uint8_t* inverted, int64_t width, uint8_t* rgb);

/// Makes an image kAlpha with these values; nothing for one that is opaque everywhere, which
/// weights change nothing in.
void keep_alpha(Image& image, const AlphaPlane& alpha);

/// Makes an image kPalette; `first_color` is that of index 0.
void keep_palette(Image& image, std::array<uint8_t, 3> first_color);

/// Makes an image kCmyk, whose inks are still to be filled in.
void keep_inks(Image& image);

/// Returns part of an image with what it stores.
[[nodiscard]] Image cropped_as_stored(const Image& image, const Span& across, const Span& down);

/// resize_axes of the whole image in its stored mode, converted to RGB.
[[nodiscard]] Image resize_stored(const Image& image, const ResampleAxis& across,
                                  const ResampleAxis& down, Interpolation interpolation);

}  // namespace tandem
