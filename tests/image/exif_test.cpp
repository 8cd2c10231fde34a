#include "image/formats/exif.h"

#include <gtest/gtest.h>

#include "image/pictures.h"

namespace tandem {
namespace {

using std::string_literals::operator""s;
using testing::encode;
using testing::encode_jpeg;
using testing::gradient;

/// A TIFF structure in little-endian order whose only tag is the orientation.
std::string tiff_with(char orientation) {
  return "II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0"s + std::string{orientation, 0, 0, 0} + "\0\0\0\0"s;
}

std::string jpeg_with(const std::string& tiff) {
  std::string bytes = encode_jpeg(gradient(24, 16));
  const std::string payload = "Exif\0\0"s + tiff;
  const auto length = static_cast<char>(payload.size() + 2);
  return bytes.insert(2, "\xFF\xE1\0"s + length + payload);
}

Image load(const std::string& bytes, ExifOrientation exif) {
  ImageTransformOptions options;
  options.exif = exif;
  return decode_image(bytes, options);
}

/// Where the picture's first pixel, marked red, and its right neighbour, marked green, end up.
std::pair<int64_t, int64_t> places_after(int orientation) {
  Image image(3, 2);
  image.pixels[0] = 1;
  image.pixels[3] = 2;
  const Image upright = apply_orientation(image, orientation);
  std::pair<int64_t, int64_t> places{-1, -1};
  for (int64_t i = 0; i < 6; ++i) {
    if (upright.pixels[static_cast<size_t>(3 * i)] == 1) places.first = i;
    if (upright.pixels[static_cast<size_t>(3 * i)] == 2) places.second = i;
  }
  return places;
}

TEST(Exif, TurnsAllEightOrientationsUpright) {
  using Places = std::pair<int64_t, int64_t>;
  EXPECT_EQ(places_after(1), (Places{0, 1}));
  EXPECT_EQ(places_after(2), (Places{2, 1}));
  EXPECT_EQ(places_after(3), (Places{5, 4}));
  EXPECT_EQ(places_after(4), (Places{3, 4}));
  EXPECT_EQ(places_after(5), (Places{0, 2}));
  EXPECT_EQ(places_after(6), (Places{1, 3}));
  EXPECT_EQ(places_after(7), (Places{5, 3}));
  EXPECT_EQ(places_after(8), (Places{4, 2}));
}

TEST(Exif, AppliesOnlyWhenAsked) {
  const std::string bytes = jpeg_with(tiff_with(6));
  EXPECT_EQ(load(bytes, ExifOrientation::kIgnore).width, 24);
  const Image turned = load(bytes, ExifOrientation::kApply);
  EXPECT_EQ(turned.width, 16);
  EXPECT_EQ(turned.height, 24);
}

TEST(Exif, ReadsBigEndianTags) {
  const std::string tiff = "MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\x08\0\0\0\0\0\0"s;
  EXPECT_EQ(exif_orientation(jpeg_with(tiff), ImageFormat::kJpeg), 8);
}

TEST(Exif, ReadsPngChunks) {
  std::string bytes = encode(gradient(24, 16), ".png");
  bytes.insert(33, testing::png_chunk("eXIf", tiff_with(5)));
  EXPECT_EQ(load(bytes, ExifOrientation::kApply).width, 16);
}

TEST(Exif, CorruptTagsAreIgnored) {
  const std::string sound = tiff_with(6);
  for (size_t length = 0; length + 4 < sound.size(); ++length) {
    const Image image = load(jpeg_with(sound.substr(0, length)), ExifOrientation::kApply);
    EXPECT_TRUE(image.width == 24 || length >= 20) << length;
  }
  std::string far_away = sound;
  far_away.replace(4, 4, "\xF0\xFF\xFF\xFF"s);
  EXPECT_EQ(load(jpeg_with(far_away), ExifOrientation::kApply).width, 24);
  EXPECT_EQ(load(jpeg_with(tiff_with(9)), ExifOrientation::kApply).width, 24);
  EXPECT_EQ(load(jpeg_with(tiff_with(0)), ExifOrientation::kApply).width, 24);
}

}  // namespace
}  // namespace tandem
