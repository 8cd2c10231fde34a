#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tandem {

/// What a BMP says before its pixels; fields beyond the end of the file are 0.
struct BmpHeader {
  uint32_t bytes = 0;        ///< Of the header that follows the file's own 14 bytes.
  bool is_old = false;       ///< That of OS/2.
  uint32_t depth = 0;        ///< Bits per pixel.
  uint64_t colors = 0;       ///< Of the palette; 0 with more than 8 bits per pixel.
  uint64_t palette = 0;      ///< Where it begins in the file.
  uint64_t color_bytes = 4;  ///< Of one colour: blue, green, red, and a byte that is not used.
};

[[nodiscard]] BmpHeader read_bmp_header(std::string_view bytes);

/// Whether Pillow opens this BMP as a palette. One whose colours are black to white in order is
/// gray for it, unless it has two.
[[nodiscard]] bool is_palette_bmp(std::string_view bytes);

/// Returns the colour of a BMP's index 0.
[[nodiscard]] std::array<uint8_t, 3> first_bmp_color(std::string_view bytes);

}  // namespace tandem
