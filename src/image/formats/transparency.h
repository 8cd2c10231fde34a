#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "tandem/image/image.h"

namespace tandem {

/// One value for each pixel, row by row: 0 is transparent, 255 opaque. Empty for an image that is
/// opaque everywhere.
using AlphaPlane = std::vector<uint8_t>;

/// What makes pixels of a PNG without an alpha channel transparent.
struct PngTransparency {
  std::string_view payload = {};  ///< Of the tRNS chunk, in the file's bytes; empty without one.
  uint8_t color_type = 0;
  uint8_t bit_depth = 0;
};

/// Marks the image as transparent if some pixel is, and lays it on `background`, if there is one.
/// Equal to Pillow's alpha_composite on an opaque ground, value for value.
void lay_on(Image& image, const AlphaPlane& alpha,
            const std::optional<std::array<uint8_t, 3>>& background);

/// Returns where a gray or colour PNG has the one colour that its tRNS chunk makes transparent, as
/// Pillow compares them: 8 bits of the decoded value with the low byte of the chunk's. Pillow
/// compares no 16-bit gray, so that such an image is opaque.
[[nodiscard]] AlphaPlane alpha_of_color_key(const Image& image, const PngTransparency& key);

/// Returns the alpha of a BMP of 32 bits whose header has a mask for it. `bytes` must hold all of
/// the image's rows.
[[nodiscard]] AlphaPlane alpha_of_bmp(const Image& image, std::string_view bytes);

}  // namespace tandem
