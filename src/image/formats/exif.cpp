#include "image/formats/exif.h"

#include <cstring>

#include "image/formats/segments.h"

namespace tandem {
namespace {

using std::string_view_literals::operator""sv;

std::string_view without_prefix(std::string_view bytes, std::string_view prefix) {
  return bytes.starts_with(prefix) ? bytes.substr(prefix.size()) : std::string_view{};
}

std::string_view find_chunk(std::string_view bytes, ImageFormat format) {
  const bool is_png = format == ImageFormat::kPng;
  size_t offset = is_png ? 8 : 12;
  while (const auto chunk =
             is_png ? next_png_chunk(bytes, offset) : next_riff_chunk(bytes, offset)) {
    if (chunk->type == (is_png ? chunk_type("eXIf") : chunk_type("EXIF"))) return chunk->payload;
  }
  return {};
}

/// The TIFF structure that holds the tags; empty if there is none.
std::string_view find_exif(std::string_view bytes, ImageFormat format) {
  constexpr std::string_view kPrefix = "Exif\0\0"sv;
  if (format == ImageFormat::kPng || format == ImageFormat::kWebp) {
    const std::string_view chunk = find_chunk(bytes, format);
    return chunk.starts_with(kPrefix) ? without_prefix(chunk, kPrefix) : chunk;
  }
  if (format != ImageFormat::kJpeg) return {};
  size_t offset = 2;
  while (const auto segment = next_jpeg_segment(bytes, offset)) {
    if (segment->type == 0xDA) break;
    if (segment->type == 0xE1 && segment->payload.starts_with(kPrefix))
      return without_prefix(segment->payload, kPrefix);
  }
  return {};
}

}  // namespace

int exif_orientation(std::string_view bytes, ImageFormat format) {
  constexpr uint32_t kOrientationTag = 0x0112;
  constexpr uint32_t kShortType = 3;
  const std::string_view tiff = find_exif(bytes, format);
  const bool is_little = tiff.starts_with("II*\0"sv);
  if (!is_little && !tiff.starts_with("MM\0*"sv)) return 1;
  const auto read_16 = is_little ? little_endian_16 : big_endian_16;
  const auto read_32 = is_little ? little_endian_32 : big_endian_32;

  const size_t directory = read_32(tiff, 4);
  const uint32_t entries = read_16(tiff, directory);
  for (uint32_t i = 0; i < entries; ++i) {
    const size_t entry = directory + 2 + size_t{12} * i;
    if (entry + 12 > tiff.size()) return 1;
    if (read_16(tiff, entry) != kOrientationTag) continue;
    const uint32_t value = read_16(tiff, entry + 8);
    return read_16(tiff, entry + 2) == kShortType && value >= 1 && value <= 8
               ? static_cast<int>(value)
               : 1;
  }
  return 1;
}

Image apply_orientation(Image image, int orientation) {
  if (orientation <= 1 || orientation > 8) return image;
  const bool swaps_sides = orientation >= 5;
  const bool reads_from_right =
      orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool reads_from_bottom =
      orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  Image upright(swaps_sides ? image.height : image.width, swaps_sides ? image.width : image.height);
  upright.has_oddity = image.has_oddity;
  upright.is_large = image.is_large;
  upright.transparent = image.transparent;
  upright.stored_mode = image.stored_mode;
  upright.stored.resize(image.stored.size());
  upright.padding = image.padding;
  for (int64_t y = 0; y < upright.height; ++y) {
    for (int64_t x = 0; x < upright.width; ++x) {
      int64_t from_x = swaps_sides ? y : x;
      int64_t from_y = swaps_sides ? x : y;
      if (reads_from_right) from_x = image.width - 1 - from_x;
      if (reads_from_bottom) from_y = image.height - 1 - from_y;
      std::memcpy(upright.row(y) + 3 * x, image.row(from_y) + 3 * from_x, 3);
      if (image.stored.empty()) continue;
      std::memcpy(upright.stored.data() + 4 * (y * upright.width + x),
                  image.stored.data() + 4 * (from_y * image.width + from_x), 4);
    }
  }
  return upright;
}

}  // namespace tandem
