#include "image/png.h"

#include <array>

#include <fmt/format.h>

#include "image/segments.h"

namespace tandem {
namespace {

constexpr size_t kSignatureBytes = 8;
constexpr uint8_t kPaletteColors = 3;

/// tables[k][b]: the effect of byte b, k bytes before the end of a group of eight.
using ChecksumTables = std::array<std::array<uint32_t, 256>, 8>;

constexpr ChecksumTables make_checksum_tables() {
  constexpr uint32_t kPolynomial = 0xEDB88320;
  ChecksumTables tables{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ ((value & 1) != 0 ? kPolynomial : 0);
    tables[0][byte] = value;
  }
  for (size_t k = 1; k < tables.size(); ++k) {
    for (size_t byte = 0; byte < 256; ++byte) {
      const uint32_t before = tables[k - 1][byte];
      tables[k][byte] = before >> 8 ^ tables[0][before & 0xFF];
    }
  }
  return tables;
}

constexpr ChecksumTables kTables = make_checksum_tables();

bool is_valid_header(std::string_view header) {
  const auto is_valid_side = [](uint32_t side) { return side > 0 && side < uint32_t{1} << 31; };
  if (header.size() != 13) return false;
  if (!is_valid_side(big_endian_32(header, 0)) || !is_valid_side(big_endian_32(header, 4)))
    return false;
  const auto at = [header](size_t i) {
    return static_cast<uint32_t>(static_cast<uint8_t>(header[i]));
  };
  const uint32_t depth = at(8);
  const bool is_byte_depth = depth == 8 || depth == 16;
  const bool is_small_depth = depth == 1 || depth == 2 || depth == 4;
  const bool is_valid_depth = at(9) == 0 ? is_small_depth || is_byte_depth
                              : at(9) == 3
                                  ? is_small_depth || depth == 8
                                  : (at(9) == 2 || at(9) == 4 || at(9) == 6) && is_byte_depth;
  return is_valid_depth && at(10) == 0 && at(11) == 0 && at(12) <= 1;
}

bool has_valid_checksum(const Segment& chunk) {
  const std::string_view summed = chunk.whole.substr(4, chunk.payload.size() + 4);
  return png_checksum(summed) == big_endian_32(chunk.whole, 8 + chunk.payload.size());
}

std::string name_of(uint32_t type) {
  std::string name;
  for (int shift = 24; shift >= 0; shift -= 8) {
    const auto c = static_cast<char>(type >> shift & 0xFF);
    name += c >= ' ' && c <= '~' ? c : '?';
  }
  return name;
}

std::string big_endian_bytes(uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xFF);
  return bytes;
}

CheckedPng damaged(std::string details) {
  return {.bytes = {}, .problem = "damaged PNG", .details = std::move(details)};
}

}  // namespace

uint32_t png_checksum(std::string_view bytes) noexcept {
  uint32_t sum = ~uint32_t{0};
  size_t offset = 0;
  for (; offset + 8 <= bytes.size(); offset += 8) {
    const uint32_t low = sum ^ little_endian_32(bytes, offset);
    const uint32_t high = little_endian_32(bytes, offset + 4);
    sum = 0;
    for (size_t k = 0; k < 4; ++k) {
      sum ^= kTables[7 - k][low >> (8 * k) & 0xFF];
      sum ^= kTables[3 - k][high >> (8 * k) & 0xFF];
    }
  }
  for (; offset < bytes.size(); ++offset)
    sum = sum >> 8 ^ kTables[0][(sum ^ static_cast<uint8_t>(bytes[offset])) & 0xFF];
  return ~sum;
}

CheckedPng check_png(std::string_view bytes) {
  CheckedPng result;
  result.bytes.reserve(bytes.size());
  result.bytes = bytes.substr(0, kSignatureBytes);
  size_t offset = kSignatureBytes;
  bool has_header = false;
  bool has_palette = false;
  bool has_data = false;
  bool uses_palette = false;
  while (const auto chunk = next_png_chunk(bytes, offset)) {
    if (!chunk->complete) break;
    if (!has_valid_checksum(*chunk))
      return damaged(fmt::format("a wrong checksum in chunk {}", name_of(chunk->type)));
    if ((chunk->type == chunk_type("IHDR")) == has_header)
      return damaged("no header, or two of them");
    if (chunk->type == chunk_type("IHDR")) {
      if (!is_valid_header(chunk->payload)) return damaged("a header that means nothing");
      result.transparency.bit_depth = static_cast<uint8_t>(chunk->payload[8]);
      result.transparency.color_type = static_cast<uint8_t>(chunk->payload[9]);
      uses_palette = result.transparency.color_type == kPaletteColors;
      has_header = true;
    } else if (chunk->type == chunk_type("PLTE")) {
      if (!uses_palette) continue;  // a suggestion for screens of few colours
      if (has_palette || has_data) return damaged("a palette out of place");
      has_palette = true;
    } else if (chunk->type == chunk_type("tRNS")) {
      if (!has_data) result.transparency.payload = chunk->payload;
      continue;
    } else if (chunk->type == chunk_type("IDAT")) {
      if (uses_palette && !has_palette) return damaged("no palette");
      has_data = true;
    } else if (chunk->type == chunk_type("IEND")) {
      if (!has_data) return damaged("no pixels");
      result.bytes += chunk->whole;
      return result;
    } else {
      continue;
    }
    result.bytes += chunk->whole;
  }
  return {.bytes = {}, .problem = "truncated PNG", .details = "no end"};
}

std::array<uint8_t, 3> first_palette_color(const CheckedPng& png) {
  size_t offset = kSignatureBytes;
  while (const auto chunk = next_png_chunk(png.bytes, offset)) {
    if (chunk->type != chunk_type("PLTE") || chunk->payload.size() < 3) continue;
    return {static_cast<uint8_t>(chunk->payload[0]), static_cast<uint8_t>(chunk->payload[1]),
            static_cast<uint8_t>(chunk->payload[2])};
  }
  return {};
}

std::string palette_alpha_png(const CheckedPng& png) {
  const std::string_view alphas = png.transparency.payload;
  std::string palette;
  for (size_t i = 0; i < size_t{1} << png.transparency.bit_depth; ++i)
    palette.append(3, i < alphas.size() ? alphas[i] : '\xFF');
  const std::string summed = "PLTE" + palette;
  std::string result = png.bytes.substr(0, kSignatureBytes);
  size_t offset = kSignatureBytes;
  while (const auto chunk = next_png_chunk(png.bytes, offset)) {
    if (chunk->type != chunk_type("PLTE")) {
      result += chunk->whole;
    } else {
      result += big_endian_bytes(static_cast<uint32_t>(palette.size())) + summed +
                big_endian_bytes(png_checksum(summed));
    }
  }
  return result;
}

}  // namespace tandem
