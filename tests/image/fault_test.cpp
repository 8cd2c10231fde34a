#include <sys/resource.h>

#include <chrono>

#include <gtest/gtest.h>

#include "core/expect_error.h"
#include "image/pictures.h"
#include "tandem/core/error.h"
#include "tandem/core/random.h"
#include "tandem/image/transform.h"

namespace tandem {
namespace {

using testing::encode;
using testing::encode_jpeg;
using testing::gradient;
using testing::png_chunk;
using testing::png_start;
using testing::refusal;

void expect_refused(const std::string& bytes, const ErrorParts& parts) {
  expect_error(ErrorKind::kData, parts, [&] { static_cast<void>(decode_image(bytes, {})); });
}

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// A zlib stream of `count` zeros in fixed Huffman codes: a literal, then copies of 258 bytes.
std::string packed_zeros(uint64_t count) {
  std::string bytes = "\x78\x01";
  uint32_t bits = 0;
  int filled = 0;
  const auto put = [&](uint32_t value, int width) {
    for (int i = 0; i < width; ++i) {
      bits |= (value >> i & 1) << filled;
      if (++filled < 8) continue;
      bytes += static_cast<char>(bits);
      bits = 0;
      filled = 0;
    }
  };
  const auto put_code = [&](uint32_t code, int width) {  // codes go in from their highest bit
    for (int i = width - 1; i >= 0; --i) put(code >> i & 1, 1);
  };
  put(0b011, 3);
  const uint64_t copies = (count - 1) / 258;
  for (uint64_t i = 0; i < count - 258 * copies; ++i) put_code(0b00110000, 8);
  for (uint64_t i = 0; i < copies; ++i) {
    put_code(0b11000101, 8);
    put_code(0, 5);
  }
  put_code(0, 7);
  put(0, 7);
  return bytes + testing::big_endian(static_cast<uint32_t>(count % 65521) << 16 | 1);
}

int64_t peak_memory_kb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

TEST(Fault, Image01TruncatedJpeg) {
  for (const auto kind : {testing::JpegKind::kBaseline, testing::JpegKind::kProgressive}) {
    const std::string bytes = encode_jpeg(gradient(200, 150), kind);
    for (const size_t percent : {10U, 50U, 90U, 99U})
      expect_refused(bytes.substr(0, bytes.size() * percent / 100), {.reason = "truncated JPEG"});
    expect_refused(bytes.substr(0, bytes.size() - 2), {.reason = "truncated JPEG"});
    expect_refused(bytes.substr(0, 12), {.what = "JPEG"});
  }
}

TEST(Fault, Image02DamagedJpeg) {
  std::string bytes = encode_jpeg(gradient(200, 150));
  bytes.replace(bytes.size() / 2, 64, std::string(64, '\xFF'));
  expect_refused(bytes, {.reason = "damaged JPEG"});
}

TEST(Fault, Image03EmptyFile) { expect_refused("", {.found = "an empty file"}); }

TEST(Fault, Image04OtherThingsUnderAPicturesName) {
  expect_refused("<!doctype html><html><body>403</body></html>", {.found = "an HTML page"});
  expect_refused("{\"message\": \"rate limit\"}", {.found = "JSON"});
  expect_refused("version https://git-lfs.github.com/spec/v1\n", {.found = "Git LFS pointer"});
  expect_refused(std::string(100, '\0'), {.found = "unknown bytes"});
}

TEST(Fault, Image05BombIsRefusedFromItsHeader) {
  const std::string bomb =
      png_start(30000, 30000) + png_chunk("IDAT", packed_zeros(1 << 20)) + png_chunk("IEND", "");
  const int64_t before = peak_memory_kb();
  const double seconds =
      seconds_of([&bomb] { expect_refused(bomb, {.reason = "too many pixels"}); });
  EXPECT_LT(seconds, 0.05);
  EXPECT_LT(peak_memory_kb() - before, 50000);
}

TEST(Fault, Image05LimitIsTheUsers) {
  ImageTransformOptions options;
  options.max_image_pixels = 99;
  EXPECT_THROW(static_cast<void>(decode_image(encode(gradient(10, 10), ".png"), options)), Error);
  options.max_image_pixels = 100;
  EXPECT_EQ(decode_image(encode(gradient(10, 10), ".png"), options).width, 10);
}

TEST(Fault, Image06AbsurdSides) {
  const std::string rest = png_chunk("IDAT", packed_zeros(100)) + png_chunk("IEND", "");
  expect_refused(png_start(uint32_t{1} << 31, uint32_t{1} << 31) + rest,
                 {.reason = "too many pixels"});
  expect_refused(png_start(0xFFFFFFFF, 0xFFFFFFFF) + rest, {.reason = "too many pixels"});
  expect_refused(png_start(0, 5) + rest, {.reason = "damaged PNG"});
  expect_refused(png_start(uint32_t{1} << 31, 0) + rest, {.reason = "damaged PNG"});
  std::string bmp = encode(gradient(8, 8), ".bmp");
  bmp.replace(18, 8, "\xFF\xFF\xFF\x7F\xFF\xFF\xFF\x7F");
  expect_refused(bmp, {.reason = "too many pixels"});
  bmp.replace(18, 4, std::string(4, '\x80'));  // a negative width
  expect_refused(bmp, {.reason = "damaged BMP"});
}

TEST(Fault, Image06DamagedBmpHeadersAreRefusedInSilence) {
  const std::string bmp = encode(gradient(8, 8), ".bmp");
  const auto with = [&bmp](size_t offset, const std::string& bytes) {
    return std::string(bmp).replace(offset, bytes.size(), bytes);
  };
  std::string indexed = with(28, std::string("\x08\0", 2));
  ::testing::internal::CaptureStderr();
  expect_refused(with(14, std::string(4, '\0')), {.reason = "damaged BMP"});
  expect_refused(indexed, {.reason = "damaged BMP"});  // a palette of 1024 bytes in a file of 246
  indexed.append(2000, '\0').replace(46, 4, std::string("\x01\x01\0\0", 4));
  expect_refused(indexed, {.reason = "damaged BMP"});  // 257 colors
  indexed.replace(46, 4, std::string(4, '\xFF'));
  expect_refused(indexed, {.reason = "damaged BMP"});
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  EXPECT_FALSE(refusal(indexed.replace(46, 4, std::string("\0\x01\0\0", 4))));
}

TEST(Fault, Image07ThousandsOfScans) {
  const std::string bytes = encode_jpeg(gradient(64, 64), testing::JpegKind::kTwoThousandScans);
  const double seconds =
      seconds_of([&bytes] { expect_refused(bytes, {.reason = "too many scans"}); });
  EXPECT_LT(seconds, 2.0);
}

TEST(Fault, Image08HugeCompressedTextIsNotUnpacked) {
  std::string bytes = encode(gradient(16, 16), ".png");
  const std::string text = std::string("Comment\0\0", 9) + packed_zeros(100'000'000);
  ASSERT_LT(text.size(), 1'000'000U);
  bytes.insert(33, png_chunk("zTXt", text));
  const int64_t before = peak_memory_kb();
  EXPECT_EQ(decode_image(bytes, {}).pixels, gradient(16, 16).pixels);
  EXPECT_LT(peak_memory_kb() - before, 20000);
}

TEST(Fault, Image09PackedZerosAreARealStream) {
  const std::string rows = packed_zeros(5 * (1 + 7 * 3));
  const Image black =
      decode_image(png_start(7, 5) + png_chunk("IDAT", rows) + png_chunk("IEND", ""), {});
  EXPECT_EQ(black.pixels, std::vector<uint8_t>(7 * 5 * 3, 0));
}

TEST(Fault, Image10And11AnimationsAreFirstFrameOrNamed) {
  expect_refused("GIF89a", {.found = "a GIF"});
  const Image still =
      load_image(std::string(TANDEM_SOURCE_DIR) + "/tests/golden/images/rgba_animated.png", {});
  const Image first =
      load_image(std::string(TANDEM_SOURCE_DIR) + "/tests/golden/images/rgba.png", {});
  EXPECT_EQ(still.pixels, first.pixels);
}

TEST(Fault, Image12TinyAndNarrowPictures) {
  const std::pair<int64_t, int64_t> sizes[] = {{1, 1}, {1, 5000}, {5000, 1}, {2, 3}};
  for (const auto& [width, height] : sizes) {
    for (const char* extension : {".png", ".bmp", ".webp"}) {
      const Image image = decode_image(encode(gradient(width, height), extension), {});
      ASSERT_EQ(image.width, width) << extension;
      const Image evaluated = evaluation_transform(image, 32, {});
      EXPECT_EQ(evaluated.pixels.size(), 32U * 32 * 3);
      const Image trained = training_transform(image, 32, {}, {}, 1);
      EXPECT_EQ(trained.pixels.size(), 32U * 32 * 3);
    }
  }
}

TEST(Fault, Image12NarrowPictureIsNotUnrolled) {
  const Image image(1, 1'000'000);
  const int64_t before = peak_memory_kb();
  EXPECT_EQ(evaluation_transform(image, 224, {}).width, 224);
  EXPECT_LT(peak_memory_kb() - before, 50000);
}

/// OpenCV's DICOM reader, chosen where the WebP reader refuses, would reserve four gigabytes.
TEST(Fault, Image13DamagedStartIsNotTakenForAnotherFormat) {
  std::string bytes("RIFF\xDA\1\0\0WEBPVP8 \xCE\1\0\0", 20);
  bytes.resize(482, '\1');
  bytes.replace(128, 4, "DICM");
  expect_refused(bytes, {.what = "marked as DICOM"});
}

TEST(Fault, Image13RandomDamageNeverEscapesAsAnythingElse) {
  const Image image = gradient(40, 30);
  const std::string files[] = {
      encode_jpeg(image), encode_jpeg(image, testing::JpegKind::kProgressive),
      encode(image, ".png"), encode(image, ".webp"), encode(image, ".bmp")};
  Random random(13);
  int refused = 0;
  for (int round = 0; round < 300; ++round) {
    for (std::string bytes : files) {
      for (uint64_t i = 0; i <= random.below(8); ++i)
        bytes[random.below(bytes.size())] = static_cast<char>(random.next());
      if (random.below(4) == 0) bytes.resize(random.below(bytes.size()));
      if (refusal(bytes)) ++refused;
    }
  }
  EXPECT_GT(refused, 500);
  EXPECT_LT(refused, 1500);
}

}  // namespace
}  // namespace tandem
