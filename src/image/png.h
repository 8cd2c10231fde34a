#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace tandem {

/// Returns the CRC-32 of a PNG chunk's type and payload (ISO 3309, as the PNG standard wants it).
[[nodiscard]] uint32_t png_checksum(std::string_view bytes) noexcept;

/// What makes pixels of a PNG without an alpha channel transparent.
struct PngTransparency {
  std::string_view payload = {};  ///< Of the tRNS chunk, in the file's bytes; empty without one.
  uint8_t color_type = 0;
  uint8_t bit_depth = 0;
};

/// What is left of a PNG after a look at its structure.
struct CheckedPng {
  std::string bytes;    ///< The file with only the chunks that make pixels: header, palette, data.
  std::string problem;  ///< "truncated PNG" or "damaged PNG"; empty for a sound file.
  std::string details;  ///< What exactly is wrong.
  PngTransparency transparency = {};
};

/// Checks that every chunk is whole, every checksum right, the header one that the standard allows
/// and the end there. Text, profiles, metadata and further frames of an animation are dropped, so
/// that no decoder unpacks them. Never throws on bad bytes.
[[nodiscard]] CheckedPng check_png(std::string_view bytes);

/// Returns the colour of a palette's index 0; black without a palette.
[[nodiscard]] std::array<uint8_t, 3> first_palette_color(const CheckedPng& png);

/// Returns a PNG of a palette's alpha: the same picture, with each colour of the palette replaced
/// by the gray that is its alpha.
[[nodiscard]] std::string palette_alpha_png(const CheckedPng& png);

}  // namespace tandem
