#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tandem {

/// Numbers inside untrusted bytes; what lies beyond the end reads as zero.
[[nodiscard]] uint32_t big_endian_16(std::string_view bytes, size_t offset) noexcept;
[[nodiscard]] uint32_t big_endian_32(std::string_view bytes, size_t offset) noexcept;
[[nodiscard]] uint32_t little_endian_16(std::string_view bytes, size_t offset) noexcept;
[[nodiscard]] uint32_t little_endian_24(std::string_view bytes, size_t offset) noexcept;
[[nodiscard]] uint32_t little_endian_32(std::string_view bytes, size_t offset) noexcept;

/// A labelled piece of an image file: a JPEG marker segment, a PNG chunk or a RIFF (WebP) chunk.
struct Segment {
  uint32_t type = 0;         ///< JPEG: the marker's second byte. PNG, RIFF: see chunk_type.
  std::string_view payload;  ///< Cut at the end of the file, if `complete` is false.
  std::string_view whole;    ///< With length, type and checksum.
  bool complete = false;
};

/// The type of the chunk called by these four characters.
[[nodiscard]] constexpr uint32_t chunk_type(const char (&name)[5]) noexcept {
  uint32_t type = 0;
  for (int i = 0; i < 4; ++i) type = type << 8 | static_cast<uint8_t>(name[i]);
  return type;
}

/// Walks the segments of a JPEG up to and with its first scan (0xDA), from `offset`, which must
/// start after the two bytes of the file's own marker (2) and is moved on. Stray bytes between two
/// segments are skipped, as libjpeg and Pillow do. Nothing at the end.
[[nodiscard]] std::optional<Segment> next_jpeg_segment(std::string_view bytes, size_t& offset);

/// Walks the chunks of a PNG; `offset` starts after the signature (8).
[[nodiscard]] std::optional<Segment> next_png_chunk(std::string_view bytes, size_t& offset);

/// Walks the chunks of a WebP; `offset` starts after the RIFF header (12).
[[nodiscard]] std::optional<Segment> next_riff_chunk(std::string_view bytes, size_t& offset);

}  // namespace tandem
