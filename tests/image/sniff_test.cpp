#include "tandem/image/sniff.h"

#include <sys/stat.h>

#include <fstream>

#include <gtest/gtest.h>

#include "core/expect_error.h"
#include "core/temporary_folder.h"
#include "image/pictures.h"
#include "tandem/image/transform.h"

namespace tandem {
namespace {

using std::string_literals::operator""s;
using testing::encode;
using testing::encode_jpeg;
using testing::gradient;

struct Expected {
  ImageFormat format;
  std::string bytes;
};

std::vector<Expected> files_of(const Image& image) {
  return {{ImageFormat::kJpeg, encode_jpeg(image)},
          {ImageFormat::kJpeg, encode_jpeg(image, testing::JpegKind::kProgressive)},
          {ImageFormat::kPng, encode(image, ".png")},
          {ImageFormat::kWebp, encode(image, ".webp")},
          {ImageFormat::kBmp, encode(image, ".bmp")}};
}

TEST(Sniff, ReadsFormatAndSizeFromTheHead) {
  for (const auto& [format, bytes] : files_of(gradient(83, 29))) {
    const ImageHeader header = sniff_image(bytes);
    EXPECT_EQ(header.format, format);
    EXPECT_EQ(header.width, 83) << header.found;
    EXPECT_EQ(header.height, 29) << header.found;
  }
}

TEST(Sniff, ReadsTheThreeKindsOfWebp) {
  const auto webp = [](const std::string& chunk) {
    std::string file = "RIFF\x20\0\0\0WEBP"s;
    return file.append(chunk);
  };
  const ImageHeader lossy = sniff_image(webp("VP8 \x0A\0\0\0\0\0\0\x9D\x01\x2A\x20\x40\x05\x80"s));
  EXPECT_EQ(lossy.width, 0x20);
  EXPECT_EQ(lossy.height, 5);
  const ImageHeader extended = sniff_image(webp("VP8X\x0A\0\0\0\x10\0\0\0\xFF\1\0\x07\0\0"s));
  EXPECT_EQ(extended.width, 512);
  EXPECT_EQ(extended.height, 8);
  const ImageHeader animated = sniff_image(webp("VP8X\x0A\0\0\0\x02\0\0\0\xFF\1\0\x07\0\0"s));
  EXPECT_EQ(animated.format, ImageFormat::kUnknown);
  EXPECT_EQ(animated.found, "an animated WebP");
}

TEST(Sniff, ReadsBmpStoredFromTheTop) {
  std::string bytes = encode(gradient(7, 5), ".bmp");
  bytes.replace(22, 4, "\xFB\xFF\xFF\xFF"s);  // height -5
  EXPECT_EQ(sniff_image(bytes).height, 5);
}

TEST(Sniff, NamesWhatElseTheBytesAre) {
  const std::pair<std::string, std::string> files[] = {
      {"", "an empty file"},
      {"GIF89a\1\0", "a GIF"},
      {"II*\0abcd"s, "a TIFF"},
      {"MM\0*abcd"s, "a TIFF"},
      {"%PDF-1.7\n", "a PDF"},
      {"<!DOCTYPE html><html>", "an HTML page"},
      {"\xEF\xBB\xBF \n<HTML>", "an HTML page"},
      {"<?xml version=\"1.0\"?><svg/>", "an SVG drawing"},
      {"{\"error\": \"not found\"}", "JSON"},
      {"version https://git-lfs.github.com/spec/v1\noid sha256:1", "Git LFS pointer"},
      {"\0\0\0\x20"s + "ftypavif", "an AVIF"},
      {"\0\0\0\x20"s + "ftypheic", "a HEIC"},
      {"\0\0\0\x20"s + "ftypisom", "an MP4 video"},
      {"Too many requests", "text"},
      {" \n ", "blank text"},
      {"PK\3\4\x14", "a ZIP archive"},
      {"\x01\x02\xFFzz", "unknown bytes: 01 02 ff 7a 7a"},
  };
  for (const auto& [bytes, name] : files) {
    const ImageHeader header = sniff_image(bytes);
    EXPECT_EQ(header.format, ImageFormat::kUnknown) << name;
    EXPECT_NE(header.found.find(name), std::string::npos) << header.found << " for " << name;
  }
}

TEST(SniffFile, JudgesByTheFirstBytesWhateverTheName) {
  const TemporaryFolder folder;
  const auto found_in = [&folder](const char* name, const std::string& content) {
    std::ofstream(folder / name) << content;
    return sniff_file(folder / name);
  };
  const std::string jpeg = encode_jpeg(gradient(40, 30));
  for (const char* name : {"picture", "picture.GIF", "picture.tif", "picture.txt"}) {
    EXPECT_EQ(found_in(name, jpeg).format, ImageFormat::kJpeg) << name;
    EXPECT_EQ(sniff_file(folder / name).width, 40) << name;
  }
  EXPECT_EQ(found_in("animation.jpg", "GIF89a......").found, "a GIF");
  EXPECT_EQ(found_in("empty.png", "").found, "an empty file");
  EXPECT_EQ(sniff_file(folder.path()).found, "a folder");
  EXPECT_EQ(sniff_file(folder / "absent").found, "No such file or directory");
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(sniff_file(folder / "pipe").found, "not a regular file");
  EXPECT_EQ(sniff_file("/dev/zero").found, "not a regular file");
}

TEST(ReadImageFile, JudgesAFileOfGigabytesByItsBeginning) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "huge.jpg";
  const auto refuse = [&path](const std::string& start, const ErrorParts& parts) {
    std::ofstream(path) << start;
    std::filesystem::resize_file(path, uint64_t{3} << 30);  // takes no place
    expect_error(ErrorKind::kData, parts, [&path] { (void)load_image(path, {}); });
    expect_error(ErrorKind::kData, parts, [&path] { (void)load_for_evaluation(path, 8, {}); });
  };
  refuse("GIF89a", {.found = "a GIF", .hint = "convert it to PNG or JPEG"});
  refuse("<!doctype html>" + std::string(600, ' '), {.found = "an HTML page"});
  refuse("", {.found = "unknown bytes"});
  refuse(encode(gradient(20, 10), ".png"), {.reason = "file too large"});
  refuse(encode_jpeg(gradient(20, 10)), {.expected = "at most 67110464 bytes for 20 x 10 pixels"});
}

TEST(SniffFile, KnowsTheExtensionsOfPictures) {
  for (const char* name : {"a.jpg", "a.JPEG", "a.jpe", "a.jfif", "a.PNG", "a.webp", "a.bmp"})
    EXPECT_TRUE(has_picture_extension(name)) << name;
  for (const char* name : {"a", ".jpg", "a.gif", "a.tif", "a.heic", "a.avif", "a.txt", "jpg"})
    EXPECT_FALSE(has_picture_extension(name)) << name;
}

TEST(Sniff, SurvivesEveryPrefixOfEveryFormat) {
  for (const auto& [format, bytes] : files_of(gradient(9, 6))) {
    for (size_t length = 0; length <= bytes.size(); ++length) {
      const std::vector<char> exact(bytes.begin(),
                                    bytes.begin() + static_cast<std::ptrdiff_t>(length));
      const ImageHeader header = sniff_image({exact.data(), exact.size()});
      EXPECT_TRUE(header.width == 0 || header.width <= 65535) << header.found;
      EXPECT_FALSE(header.found.empty());
    }
  }
}

}  // namespace
}  // namespace tandem
