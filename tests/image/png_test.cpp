#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <zlib.h>

#include "core/expect_error.h"
#include "image/pictures.h"

namespace tandem {
namespace {

using testing::big_endian;
using testing::encode;
using testing::gradient;
using testing::png_chunk;
using testing::png_start;

constexpr size_t kHeaderEnd = 33;
constexpr int kGray = 0;
constexpr int kRgb = 2;
constexpr int kPalette = 3;
constexpr int kAlphaBit = 4;

std::string packed(const std::string& bytes) {
  uLongf size = compressBound(bytes.size());
  std::string result(size, '\0');
  compress(reinterpret_cast<Bytef*>(result.data()), &size,
           reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  result.resize(size);
  return result;
}

/// A picture whose samples follow from their place.
struct Kind {
  int color_type = kRgb;
  int depth = 8;
  bool interlaced = false;
  int width = 13;
  int height = 11;

  [[nodiscard]] int channels() const {
    const int colors = color_type == kPalette || (color_type & kRgb) == 0 ? 1 : 3;
    return colors + ((color_type & kAlphaBit) != 0 ? 1 : 0);
  }
  [[nodiscard]] uint32_t sample(int x, int y, int channel) const {
    const auto mixed = static_cast<uint32_t>(int64_t{x} * 7919 + y * 104729 + channel * 1299709);
    return (mixed * 2654435761U >> 8) & ((1U << depth) - 1);
  }
};

std::array<uint8_t, 3> color_of(uint32_t index) {
  return {static_cast<uint8_t>(index * 37 + 5), static_cast<uint8_t>(255 - index),
          static_cast<uint8_t>(index * index)};
}

/// Rows of every `step`th pixel from `first` on, unfiltered.
std::string rows_of(const Kind& kind, std::array<int, 2> first, std::array<int, 2> step) {
  std::string rows;
  if (first[0] >= kind.width) return rows;
  for (int y = first[1]; y < kind.height; y += step[1]) {
    rows += '\0';
    uint32_t bits = 0;
    int filled = 0;
    for (int x = first[0]; x < kind.width; x += step[0]) {
      for (int channel = 0; channel < kind.channels(); ++channel) {
        bits = bits << kind.depth | kind.sample(x, y, channel);
        for (filled += kind.depth; filled >= 8; filled -= 8)
          rows += static_cast<char>(bits >> (filled - 8));
      }
    }
    if (filled > 0) rows += static_cast<char>(bits << (8 - filled));
  }
  return rows;
}

std::string rows_of(const Kind& kind) {
  if (!kind.interlaced) return rows_of(kind, {0, 0}, {1, 1});
  return rows_of(kind, {0, 0}, {8, 8}) + rows_of(kind, {4, 0}, {8, 8}) +
         rows_of(kind, {0, 4}, {4, 8}) + rows_of(kind, {2, 0}, {4, 4}) +
         rows_of(kind, {0, 2}, {2, 4}) + rows_of(kind, {1, 0}, {2, 2}) +
         rows_of(kind, {0, 1}, {1, 2});
}

std::string header_of(const Kind& kind) {
  const std::string rest{static_cast<char>(kind.depth), static_cast<char>(kind.color_type), 0, 0,
                         static_cast<char>(kind.interlaced ? 1 : 0)};
  return "\x89PNG\r\n\x1A\n" +
         png_chunk("IHDR", big_endian(static_cast<uint32_t>(kind.width)) +
                               big_endian(static_cast<uint32_t>(kind.height)) + rest);
}

std::string palette_of(uint32_t colors) {
  std::string palette;
  for (uint32_t i = 0; i < colors; ++i)
    for (const uint8_t value : color_of(i)) palette += static_cast<char>(value);
  return png_chunk("PLTE", palette);
}

/// A whole file; `extra` comes before the pixels.
std::string png_of(const Kind& kind, const std::string& extra = {}) {
  return header_of(kind) + (kind.color_type == kPalette ? palette_of(1U << kind.depth) : "") +
         extra + png_chunk("IDAT", packed(rows_of(kind))) + png_chunk("IEND", "");
}

uint8_t byte_of(uint32_t sample, int depth) {
  if (depth == 16) return static_cast<uint8_t>(sample >> 8);
  return static_cast<uint8_t>(sample * 255 / ((1U << depth) - 1));
}

Image pixels_of(const Kind& kind) {
  Image image(kind.width, kind.height);
  uint8_t* pixel = image.pixels.data();
  for (int y = 0; y < kind.height; ++y) {
    for (int x = 0; x < kind.width; ++x) {
      for (int i = 0; i < 3; ++i) {
        const uint32_t sample = kind.sample(x, y, (kind.color_type & kRgb) != 0 ? i : 0);
        *pixel++ = kind.color_type == kPalette
                       ? color_of(kind.sample(x, y, 0))[static_cast<size_t>(i)]
                       : byte_of(sample, kind.depth);
      }
    }
  }
  return image;
}

std::vector<Kind> every_kind() {
  const std::vector<std::pair<int, std::vector<int>>> depths{{kGray, {1, 2, 4, 8, 16}},
                                                             {kRgb, {8, 16}},
                                                             {kPalette, {1, 2, 4, 8}},
                                                             {kGray | kAlphaBit, {8, 16}},
                                                             {kRgb | kAlphaBit, {8, 16}}};
  std::vector<Kind> kinds;
  for (const auto& [color_type, of_type] : depths)
    for (const int depth : of_type)
      for (const bool interlaced : {false, true})
        for (const int width : {1, 3, 13})
          kinds.push_back({color_type, depth, interlaced, width, 11});
  return kinds;
}

TEST(Png, EveryKindGivesItsPixels) {
  for (const Kind& kind : every_kind()) {
    const Image image = decode_image(png_of(kind), {.background = "drop"});
    EXPECT_EQ(image.pixels, pixels_of(kind).pixels)
        << "type " << kind.color_type << ", " << kind.depth << " bits, width " << kind.width
        << (kind.interlaced ? ", interlaced" : "");
  }
}

TEST(Png, EveryKindOfAlphaIsLaidOnTheBackground) {
  for (const int color_type : {kGray | kAlphaBit, kRgb | kAlphaBit}) {
    const Kind kind{.color_type = color_type};
    const Image image = decode_image(png_of(kind), {.background = "black"});
    EXPECT_TRUE(image.transparent);
    const int colors = kind.channels() - 1;
    const uint32_t product = kind.sample(5, 3, 0) * kind.sample(5, 3, colors);
    EXPECT_NEAR(image.row(3)[15], static_cast<double>(product) / 255, 0.51);
  }
  const Kind indexed{.color_type = kPalette, .depth = 4};
  const std::string alphas("\0\xFF\x80", 3);  // of the first three colours; the others are opaque
  const Image image =
      decode_image(png_of(indexed, png_chunk("tRNS", alphas)), {.background = "black"});
  const uint8_t* red = image.pixels.data();
  for (int y = 0; y < indexed.height; ++y) {
    for (int x = 0; x < indexed.width; ++x, red += 3) {
      const uint32_t index = indexed.sample(x, y, 0);
      const int alpha = index < 3 ? static_cast<uint8_t>(alphas[index]) : 255;
      EXPECT_NEAR(*red, color_of(index)[0] * alpha / 255.0, 0.51);
    }
  }
}

/// Files that libpng warns of. Each gives the pixels of the file without the oddity.
std::vector<std::string> odd_files(const Kind& kind) {
  const std::string rows = packed(rows_of(kind));
  const std::string start = header_of(kind);
  const std::string end = png_chunk("IEND", "");
  std::string long_text;
  long_text.resize(9'000'000, 'x');
  std::vector<std::string> files;
  for (const std::string& chunk :
       {png_chunk("iCCP", std::string("name\0\0not a profile", 19)), png_chunk("sBIT", "\1"),
        png_chunk("tEXt", ""), png_chunk("zTXt", std::string("key\0\0not packed", 15)),
        png_chunk("gAMA", "\xFF"), png_chunk("cHRM", std::string(32, '\0')),
        png_chunk("tIME", "now"), png_chunk("pHYs", ""), png_chunk("eXIf", "?"),
        png_chunk("sRGB", "\x09") + png_chunk("sRGB", "\x09"), png_chunk("iTXt", long_text)})
    files.push_back(png_of(kind, chunk));
  files.push_back(start + png_chunk("IDAT", rows + "behind the stream") + end);
  files.push_back(start + png_chunk("IDAT", packed(rows_of(kind) + "too many rows")) + end);
  files.push_back(start + png_chunk("IDAT", rows) + png_chunk("tEXt", "") + png_chunk("IEND", "?"));
  files.push_back(start + png_chunk("IDAT", rows) + end + "behind the end");
  return files;
}

TEST(Png, OdditiesChangeNoPixelAndAreNotPrinted) {
  const Kind kind{.color_type = kRgb};
  ::testing::internal::CaptureStderr();
  for (const std::string& file : odd_files(kind))
    EXPECT_EQ(decode_image(file, {}).pixels, pixels_of(kind).pixels);
  const Kind gray{.color_type = kGray};
  EXPECT_EQ(decode_image(png_of(gray, palette_of(4)), {}).pixels, pixels_of(gray).pixels);
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST(Png, IndicesWithoutAColorAreBlack) {
  const Kind kind{.color_type = kPalette};
  ::testing::internal::CaptureStderr();
  const Image image =
      decode_image(header_of(kind) + palette_of(9) + png_chunk("IDAT", packed(rows_of(kind))) +
                       png_chunk("IEND", ""),
                   {});
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  const Image whole = pixels_of(kind);
  size_t i = 0;
  for (int y = 0; y < kind.height; ++y)
    for (int x = 0; x < kind.width; ++x, i += 3)
      EXPECT_EQ(image.pixels[i], kind.sample(x, y, 0) < 9 ? whole.pixels[i] : 0);
}

TEST(Png, DamageIsRefusedInSilence) {
  const std::string file = encode(gradient(8, 8), ".png");
  const auto expect_damaged = [](const std::string& bytes, const std::string& details) {
    expect_error(ErrorKind::kData, {.found = details, .reason = "damaged PNG"},
                 [&] { static_cast<void>(decode_image(bytes, {})); });
  };
  const std::string end = png_chunk("IEND", "");
  const std::string rows = packed(rows_of({.width = 8, .height = 8}));
  std::string text = png_chunk("tEXt", "Comment: hello");
  text.back() ^= 1;
  ::testing::internal::CaptureStderr();
  expect_damaged(std::string(file).insert(kHeaderEnd, text), "a wrong checksum in chunk tEXt");
  expect_damaged(std::string(file).replace(kHeaderEnd - 4, 4, "????"), "checksum in chunk IHDR");
  expect_damaged(std::string(file).replace(file.size() - 4, 4, "????"), "checksum in chunk IEND");
  expect_damaged(png_start(8, 8) + end, "chunk IEND");
  expect_damaged(png_start(8, 8) + png_start(8, 8).substr(8), "chunk IHDR");
  expect_damaged(png_start(8, 8) + png_chunk("IDAT", rows.substr(0, 20)) + end,
                 "invalid pixel data");
  expect_damaged(
      png_start(8, 8) + png_chunk("IDAT", rows.substr(0, rows.size() - 4) + "1234") + end,
      "invalid pixel data");
  expect_damaged(png_start(8, 8) + png_chunk("ABCD", "") + png_chunk("IDAT", rows) + end, "ABCD");
  expect_damaged(png_start(8, 8) + png_chunk("IDAT", "no stream at all") + end,
                 "invalid pixel data");
  expect_damaged(header_of({.color_type = kPalette}) + png_chunk("IDAT", rows) + end,
                 "invalid pixel data");
  expect_damaged(header_of({.color_type = kPalette}) + png_chunk("PLTE", "1234"), "chunk PLTE");
  expect_damaged(header_of({.color_type = kRgb, .depth = 4}) + png_chunk("IDAT", rows), "IHDR");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST(Png, EveryCutIsTruncated) {
  const std::string file = encode(gradient(8, 8), ".png");
  for (size_t size = kHeaderEnd; size < file.size(); ++size) {
    expect_error(ErrorKind::kData, {.reason = "truncated PNG"},
                 [&] { static_cast<void>(decode_image(file.substr(0, size), {})); });
  }
}

TEST(Png, SidesHaveNoLimitBesidesThePixels) {
  const Kind wide{.color_type = kGray, .depth = 1, .width = 2'000'000, .height = 1};
  EXPECT_EQ(decode_image(png_of(wide), {}).width, wide.width);
}

}  // namespace
}  // namespace tandem
