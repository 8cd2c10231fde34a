#include "image/formats/bmp.h"

#include <algorithm>

#include "image/formats/segments.h"

namespace tandem {

BmpHeader read_bmp_header(std::string_view bytes) {
  constexpr uint32_t kFileHeaderBytes = 14;
  constexpr uint32_t kOldHeaderBytes = 12;
  BmpHeader header{.bytes = little_endian_32(bytes, kFileHeaderBytes)};
  header.is_old = header.bytes == kOldHeaderBytes;
  header.depth = little_endian_16(bytes, header.is_old ? 24 : 28);
  if (header.depth <= 8) {
    const uint32_t used = header.is_old ? 0 : little_endian_32(bytes, 46);
    header.colors = used == 0 ? uint64_t{1} << header.depth : used;
  }
  header.palette = uint64_t{kFileHeaderBytes} + header.bytes;
  header.color_bytes = header.is_old ? 3 : 4;
  return header;
}

bool is_palette_bmp(std::string_view bytes) {
  const BmpHeader header = read_bmp_header(bytes);
  if (header.depth > 8) return false;
  if (header.colors == 2) return true;
  for (uint64_t i = 0; i < header.colors; ++i) {
    const uint64_t place = header.palette + i * header.color_bytes;
    if (i > 255 || place + 3 > bytes.size()) return true;
    const std::string_view color = bytes.substr(place, 3);
    if (std::any_of(color.begin(), color.end(),
                    [i](char value) { return static_cast<uint8_t>(value) != i; }))
      return true;
  }
  return false;
}

std::array<uint8_t, 3> first_bmp_color(std::string_view bytes) {
  const uint32_t blue_green_red = little_endian_24(bytes, read_bmp_header(bytes).palette);
  return {static_cast<uint8_t>(blue_green_red >> 16), static_cast<uint8_t>(blue_green_red >> 8),
          static_cast<uint8_t>(blue_green_red)};
}

}  // namespace tandem
