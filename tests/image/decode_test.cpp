#include <sys/mman.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>

#include "core/expect_error.h"
#include "core/temporary_folder.h"
#include "image/pictures.h"
#include "tandem/core/error.h"

namespace tandem {
namespace {

using testing::encode;
using testing::encode_jpeg;
using testing::gradient;
using testing::noise;
using testing::refusal;

TEST(Decode, LosslessFormatsGiveBackThePixels) {
  const Image image = noise(37, 21, 1);
  for (const char* extension : {".png", ".bmp", ".webp"}) {
    const Image decoded = decode_image(encode(image, extension), {});
    EXPECT_EQ(decoded.width, 37) << extension;
    EXPECT_EQ(decoded.height, 21) << extension;
    EXPECT_EQ(decoded.pixels, image.pixels) << extension;
  }
}

TEST(Decode, JpegStaysNearThePixels) {
  const Image image = gradient(64, 48);
  for (const auto kind : {testing::JpegKind::kBaseline, testing::JpegKind::kProgressive}) {
    const Image decoded = decode_image(encode_jpeg(image, kind), {});
    ASSERT_EQ(decoded.pixels.size(), image.pixels.size());
    double red_difference = 0;
    for (size_t i = 0; i < image.pixels.size(); i += 3)
      red_difference += std::abs(int{image.pixels[i]} - int{decoded.pixels[i]});
    EXPECT_LT(red_difference / (64 * 48), 12.0);
  }
}

/// The JPEG with `inserted` before its first marker of this type.
std::string with_before(std::string bytes, char marker, const std::string& inserted) {
  return bytes.insert(bytes.find(std::string{'\xFF', marker}), inserted);
}

/// The JPEG with an Adobe segment of an unknown transform in place of the JFIF one.
std::string with_adobe_transform(std::string bytes) {
  constexpr size_t kJfifBytes = 18;
  return bytes.replace(2, kJfifBytes,
                       std::string("\xFF\xEE\0\x0E"
                                   "Adobe\0\x64\0\0\0\0\x07",
                                   16));
}

TEST(Decode, JpegsWithHarmlessWarningsAreTakenAndMarked) {
  const std::string plain = encode_jpeg(gradient(64, 48));
  const Image expected = decode_image(plain, {});
  EXPECT_FALSE(expected.has_oddity);
  std::string unknown_revision = plain;
  unknown_revision[11] = 9;
  std::string odd_scan = plain;
  odd_scan[plain.find("\xFF\xDA") + 12] = 5;
  for (const std::string& bytes :
       {with_before(plain, '\xDB', "\x12\x34"), with_before(plain, '\xC0', std::string(3000, 'x')),
        with_before(plain, '\xDA', std::string("\xFF\0\xAB", 3)),
        with_before(plain, '\xD9', std::string(40, '\0')), with_adobe_transform(plain),
        unknown_revision, odd_scan}) {
    ASSERT_NE(bytes, plain);
    const Image image = decode_image(bytes, {});
    EXPECT_TRUE(image.has_oddity);
    EXPECT_EQ(image.pixels, expected.pixels);
    EXPECT_EQ(sniff_image(bytes).width, 64);
  }
}

TEST(Decode, JpegsWhosePixelsAreLeftOverAreDamaged) {
  const std::string plain = encode_jpeg(gradient(200, 150));
  const size_t scan = plain.find("\xFF\xDA") + 14;
  int refused = 0;
  for (size_t i = 0; i < 100; ++i) {
    std::string bytes = plain;
    for (size_t k = 0; k < 10; ++k)
      bytes[scan + (i * 131 + k * 577) % (bytes.size() - scan - 2)] ^=
          static_cast<char>(1 << k % 8);
    refused += refusal(bytes) ? 1 : 0;
  }
  EXPECT_GT(refused, 70);
}

TEST(Decode, EightThreadsSeeTheSamePixels) {
  const Image image = gradient(120, 90);
  const std::string files[] = {encode_jpeg(image), encode(image, ".png"), encode(image, ".webp"),
                               encode(image, ".bmp")};
  std::vector<Image> expected;
  for (const std::string& file : files) expected.push_back(decode_image(file, {}));
  const std::string damaged = files[0].substr(0, files[0].size() / 2);

  std::vector<int> failures(8, 0);
  std::vector<std::thread> threads;
  for (int& failed : failures) {
    threads.emplace_back([&files, &expected, &damaged, &failed] {
      for (int round = 0; round < 10; ++round) {
        for (size_t i = 0; i < std::size(files); ++i)
          if (decode_image(files[i], {}).pixels != expected[i].pixels) ++failed;
        if (!refusal(damaged)) ++failed;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, std::vector<int>(8, 0));
}

TEST(Decode, LoadImageNamesTheFile) {
  const auto path = std::filesystem::temp_directory_path() / "tandem_decode_test_page.jpg";
  std::ofstream(path) << "<html>404</html>";
  expect_error(ErrorKind::kData,
               {.where = path.string(), .found = "an HTML page", .reason = "not an image"},
               [&] { static_cast<void>(load_image(path, {})); });
  std::filesystem::remove(path);
  expect_error(ErrorKind::kMissingInput, {.where = path.string(), .reason = "missing file"},
               [&] { static_cast<void>(load_image(path, {})); });
}

/// One byte more than OpenCV counts; pages that nobody reads take no memory.
constexpr size_t kTooManyBytes = size_t{1} << 31;

TEST(Decode, RefusesMoreBytesThanOpenCvCounts) {
  void* pages = ::mmap(nullptr, kTooManyBytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ASSERT_NE(pages, MAP_FAILED);
  const std::string_view bytes(static_cast<const char*>(pages), kTooManyBytes);
  std::ranges::copy(encode(gradient(8, 8), ".bmp"), static_cast<char*>(pages));
  expect_error(ErrorKind::kData, {.reason = "file too large"},
               [&] { static_cast<void>(decode_image(bytes, {})); });
  ::munmap(pages, kTooManyBytes);
}

TEST(Decode, LoadImageRefusesAHugeFileUnread) {
  const TemporaryFolder folder;
  const auto path = folder / "huge.bmp";
  std::ofstream(path) << encode(gradient(8, 8), ".bmp");
  std::filesystem::resize_file(path, kTooManyBytes);
  expect_error(ErrorKind::kData, {.where = path.string(), .reason = "file too large"},
               [&] { static_cast<void>(load_image(path, {})); });
}

TEST(Decode, BmpKindsThatWouldComeOutWrongAreRefused) {
  std::string bytes = encode(gradient(8, 8), ".bmp");
  bytes[28] = 16;  // bits per pixel
  expect_error(ErrorKind::kData, {.found = "16 bits per pixel"},
               [&] { static_cast<void>(decode_image(bytes, {})); });
}

}  // namespace
}  // namespace tandem
