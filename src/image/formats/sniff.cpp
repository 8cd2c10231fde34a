#include "tandem/image/sniff.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include <fmt/format.h>

#include "image/formats/segments.h"

namespace tandem {
namespace {

using std::string_view_literals::operator""sv;

struct Signature {
  size_t offset;
  std::string_view bytes;
  const char* name;
  bool is_picture = false;
};

/// Formats that are no accepted image, by their first bytes; the first that fits counts.
constexpr Signature kOtherFormats[] = {
    {0, "GIF8"sv, "a GIF", true},
    {0, "II*\0"sv, "a TIFF", true},
    {0, "MM\0*"sv, "a TIFF", true},
    {0, "%PDF"sv, "a PDF"},
    {0, "version https://git-lfs"sv, "a Git LFS pointer (the file itself was not downloaded)"},
    {4, "ftypavif"sv, "an AVIF", true},
    {4, "ftypavis"sv, "an AVIF", true},
    {4, "ftyphei"sv, "a HEIC", true},
    {4, "ftyphev"sv, "a HEIC", true},
    {4, "ftypmif1"sv, "a HEIC or AVIF", true},
    {4, "ftyp"sv, "an MP4 video"},
    {0, "\x1A\x45\xDF\xA3"sv, "a Matroska or WebM video"},
    {0, "\0\0\0\x0CJXL "sv, "a JPEG XL", true},
    {0, "\xFF\x0A"sv, "a JPEG XL", true},
    {0, "\0\0\0\x0CjP  "sv, "a JPEG 2000", true},
    {0, "8BPS"sv, "a Photoshop file", true},
    {0, "\0\0\1\0"sv, "an icon", true},
    {0, "RIFF"sv, "a RIFF file, but not a WebP"},
    {0, "PK\3\4"sv, "a ZIP archive"},
    {0, "\x1F\x8B"sv, "gzip-compressed data"},
    {0, "\x89HDF"sv, "an HDF5 file"},
};

bool has_at(std::string_view bytes, size_t offset, std::string_view expected) {
  return bytes.size() >= offset && bytes.substr(offset, expected.size()) == expected;
}

std::string lowercase_start_of_text(std::string_view bytes) {
  constexpr size_t kEnough = 512;
  if (has_at(bytes, 0, "\xEF\xBB\xBF")) bytes.remove_prefix(3);
  while (!bytes.empty() && std::isspace(static_cast<unsigned char>(bytes.front())))
    bytes.remove_prefix(1);
  std::string text(bytes.substr(0, kEnough));
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

bool looks_like_text(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto code = static_cast<unsigned char>(c);
    return code >= 0x20 || std::isspace(code);
  });
}

std::string name_of_text(std::string_view text) {
  for (const char* tag : {"<!doctype html", "<html", "<head", "<body", "<script", "<title"})
    if (text.starts_with(tag)) return "an HTML page";
  if (text.starts_with("<svg") || (text.starts_with("<?xml") && text.find("<svg") != text.npos))
    return "an SVG drawing";
  if (text.starts_with("<?xml")) return text.find("<html") != text.npos ? "an HTML page" : "XML";
  if (text.starts_with("{") || text.starts_with("[")) return "JSON";
  return "text";
}

ImageHeader other_header(std::string_view bytes) {
  if (bytes.empty()) return {.found = "an empty file"};
  for (const Signature& signature : kOtherFormats) {
    if (has_at(bytes, signature.offset, signature.bytes))
      return {.found = signature.name, .is_other_picture = signature.is_picture};
  }
  const std::string text = lowercase_start_of_text(bytes);
  if (looks_like_text(text)) return {.found = text.empty() ? "blank text" : name_of_text(text)};
  std::string hex;
  for (const char c : bytes.substr(0, 8))
    hex += fmt::format(" {:02x}", static_cast<unsigned char>(c));
  return {.found = "unknown bytes:" + hex};
}

ImageHeader jpeg_header(std::string_view bytes) {
  ImageHeader header{.format = ImageFormat::kJpeg, .found = "JPEG"};
  size_t offset = 2;
  while (const auto segment = next_jpeg_segment(bytes, offset)) {
    const uint32_t marker = segment->type;
    const bool holds_tables = marker == 0xC4 || marker == 0xC8 || marker == 0xCC;
    if (marker == 0xDA) break;
    if (marker < 0xC0 || marker > 0xCF || holds_tables) continue;
    if (segment->payload.size() < 5) break;
    header.height = big_endian_16(segment->payload, 1);
    header.width = big_endian_16(segment->payload, 3);
    break;
  }
  return header;
}

ImageHeader png_header(std::string_view bytes) {
  ImageHeader header{.format = ImageFormat::kPng, .found = "PNG"};
  size_t offset = 8;
  const auto first = next_png_chunk(bytes, offset);
  if (!first || first->type != chunk_type("IHDR") || first->payload.size() < 8) return header;
  header.width = big_endian_32(first->payload, 0);
  header.height = big_endian_32(first->payload, 4);
  return header;
}

ImageHeader webp_header(std::string_view bytes) {
  ImageHeader header{.format = ImageFormat::kWebp, .found = "WebP"};
  size_t offset = 12;
  const auto first = next_riff_chunk(bytes, offset);
  if (!first || first->payload.size() < 10) return header;
  const std::string_view payload = first->payload;
  if (first->type == chunk_type("VP8X")) {
    constexpr uint32_t kAnimated = 2;
    if ((static_cast<uint8_t>(payload[0]) & kAnimated) != 0)
      return {.found = "an animated WebP", .is_other_picture = true};
    header.width = little_endian_24(payload, 4) + 1;
    header.height = little_endian_24(payload, 7) + 1;
  } else if (first->type == chunk_type("VP8L")) {
    const uint32_t sizes = little_endian_32(payload, 1);
    header.width = (sizes & 0x3FFF) + 1;
    header.height = (sizes >> 14 & 0x3FFF) + 1;
  } else if (first->type == chunk_type("VP8 ")) {
    header.width = little_endian_16(payload, 6) & 0x3FFF;
    header.height = little_endian_16(payload, 8) & 0x3FFF;
  }
  return header;
}

ImageHeader bmp_header(std::string_view bytes) {
  ImageHeader header{.format = ImageFormat::kBmp, .found = "BMP"};
  const uint32_t information_bytes = little_endian_32(bytes, 14);
  if (information_bytes == 12) {
    header.width = little_endian_16(bytes, 18);
    header.height = little_endian_16(bytes, 20);
  } else if (information_bytes >= 16) {
    header.width = std::max<int64_t>(static_cast<int32_t>(little_endian_32(bytes, 18)), 0);
    header.height = std::abs(int64_t{static_cast<int32_t>(little_endian_32(bytes, 22))});
  }
  return header;
}

}  // namespace

ImageHeader sniff_image(std::string_view bytes) {
  if (has_at(bytes, 0, "\xFF\xD8\xFF"sv)) return jpeg_header(bytes);
  if (has_at(bytes, 0, "\x89PNG\r\n\x1A\n"sv)) return png_header(bytes);
  if (has_at(bytes, 0, "RIFF"sv) && has_at(bytes, 8, "WEBP"sv)) return webp_header(bytes);
  if (has_at(bytes, 0, "BM"sv) && bytes.size() >= 18 && little_endian_32(bytes, 14) <= 256)
    return bmp_header(bytes);
  return other_header(bytes);
}

}  // namespace tandem
