#include "image/formats/segments.h"

#include <algorithm>

namespace tandem {
namespace {

uint32_t byte_at(std::string_view bytes, size_t offset) noexcept {
  return offset < bytes.size() ? static_cast<uint8_t>(bytes[offset]) : 0U;
}

struct Extent {
  size_t header = 0;
  size_t payload = 0;
  size_t trailer = 0;
};

/// The segment of this extent at `offset`, which moves past it; cut where the file ends.
Segment take(std::string_view bytes, size_t& offset, uint32_t type, const Extent& extent) {
  const size_t total = extent.header + extent.payload + extent.trailer;
  Segment segment;
  segment.type = type;
  segment.complete = bytes.size() - offset >= total;
  segment.whole = bytes.substr(offset, total);
  segment.payload =
      segment.whole.substr(std::min(extent.header, segment.whole.size()), extent.payload);
  offset += segment.whole.size();
  return segment;
}

}  // namespace

uint32_t big_endian_16(std::string_view bytes, size_t offset) noexcept {
  return byte_at(bytes, offset) << 8 | byte_at(bytes, offset + 1);
}

uint32_t big_endian_32(std::string_view bytes, size_t offset) noexcept {
  return big_endian_16(bytes, offset) << 16 | big_endian_16(bytes, offset + 2);
}

uint32_t little_endian_16(std::string_view bytes, size_t offset) noexcept {
  return byte_at(bytes, offset + 1) << 8 | byte_at(bytes, offset);
}

uint32_t little_endian_24(std::string_view bytes, size_t offset) noexcept {
  return byte_at(bytes, offset + 2) << 16 | little_endian_16(bytes, offset);
}

uint32_t little_endian_32(std::string_view bytes, size_t offset) noexcept {
  return little_endian_16(bytes, offset + 2) << 16 | little_endian_16(bytes, offset);
}

std::optional<Segment> next_jpeg_segment(std::string_view bytes, size_t& offset) {
  constexpr uint32_t kFirstRestart = 0xD0;
  constexpr uint32_t kStart = 0xD8;
  constexpr uint32_t kEnd = 0xD9;
  while ((offset = bytes.find('\xFF', offset)) < bytes.size()) {
    const uint32_t marker = byte_at(bytes, offset + 1);
    if (marker == 0xFF || marker == 0) {  // padding in front of a marker, or stray bytes
      ++offset;
      continue;
    }
    if (marker == kEnd) return std::nullopt;
    if (marker >= kFirstRestart && marker <= kStart) {
      offset += 2;
      continue;
    }
    const size_t length = std::max<size_t>(big_endian_16(bytes, offset + 2), 2);
    return take(bytes, offset, marker, {.header = 4, .payload = length - 2});
  }
  return std::nullopt;
}

std::optional<Segment> next_png_chunk(std::string_view bytes, size_t& offset) {
  if (offset >= bytes.size()) return std::nullopt;
  const uint32_t type = big_endian_32(bytes, offset + 4);
  const size_t length = big_endian_32(bytes, offset);
  return take(bytes, offset, type, {.header = 8, .payload = length, .trailer = 4});
}

std::optional<Segment> next_riff_chunk(std::string_view bytes, size_t& offset) {
  if (offset >= bytes.size()) return std::nullopt;
  const uint32_t type = big_endian_32(bytes, offset);
  const size_t length = little_endian_32(bytes, offset + 4);
  Segment segment = take(bytes, offset, type, {.header = 8, .payload = length});
  if (length % 2 != 0 && offset < bytes.size()) ++offset;  // chunks start at even places
  return segment;
}

}  // namespace tandem
