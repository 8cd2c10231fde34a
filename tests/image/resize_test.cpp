#include "tandem/image/resize.h"

#include <gtest/gtest.h>

#include "image/pictures.h"
#include "tandem/core/error.h"

namespace tandem {
namespace {

using testing::noise;

constexpr Interpolation kAll[] = {Interpolation::kBicubic, Interpolation::kBilinear,
                                  Interpolation::kLanczos, Interpolation::kBox,
                                  Interpolation::kNearest};

TEST(Resize, SameSizeIsACopy) {
  const Image image = noise(31, 17, 1);
  for (const Interpolation filter : kAll)
    EXPECT_EQ(resize(image, 31, 17, filter).pixels, image.pixels);
}

TEST(Resize, KeepsAConstantColor) {
  Image image(45, 31);
  for (size_t i = 0; i < image.pixels.size(); ++i)
    image.pixels[i] = static_cast<uint8_t>(i % 3 == 0 ? 255 : 7);
  for (const Interpolation filter : kAll) {
    const Image resized = resize(image, 19, 70, filter);
    for (size_t i = 0; i < resized.pixels.size(); ++i)
      ASSERT_EQ(resized.pixels[i], i % 3 == 0 ? 255 : 7);
  }
}

TEST(Resize, BoxFilterAveragesWholeBlocks) {
  Image image(2, 2);
  const uint8_t reds[] = {10, 20, 30, 41};
  for (size_t i = 0; i < 4; ++i) image.pixels[3 * i] = reds[i];
  // across first, rounded to bytes: 15 and 36 (35.5), then 25.5 rounds to 26
  EXPECT_EQ(resize(image, 1, 1, Interpolation::kBox).pixels[0], 26);
}

TEST(Resize, IntegralBoxEqualsTheCropForTheBoxFilter) {
  const Image image = noise(40, 40, 2);
  const Image middle = center_crop(image, 20);
  EXPECT_EQ(resize(image, 10, 10, Interpolation::kBox, {10, 10, 30, 30}).pixels,
            resize(middle, 10, 10, Interpolation::kBox).pixels);
}

TEST(Resize, MirroredInputGivesMirroredOutput) {
  const auto mirrored = [](const Image& image) {
    Image result(image.width, image.height);
    for (int64_t y = 0; y < image.height; ++y)
      for (int64_t x = 0; x < image.width; ++x)
        std::copy_n(image.row(y) + 3 * (image.width - 1 - x), 3, result.row(y) + 3 * x);
    return result;
  };
  const Image image = noise(64, 24, 3);
  const Image there = resize(mirrored(image), 32, 12, Interpolation::kBilinear);
  EXPECT_EQ(there.pixels, mirrored(resize(image, 32, 12, Interpolation::kBilinear)).pixels);
}

TEST(Resize, RefusesEmptySizesAndBoxesOutside) {
  const Image image = noise(10, 10, 4);
  EXPECT_THROW(static_cast<void>(resize(image, 0, 5, Interpolation::kBox)), Error);
  EXPECT_THROW(static_cast<void>(resize(Image(), 5, 5, Interpolation::kBox)), Error);
  for (const Box& box : {Box{-1, 0, 5, 5}, Box{0, 0, 11, 5}, Box{5, 0, 5, 5}, Box{0, 6, 5, 2}})
    EXPECT_THROW(static_cast<void>(resize(image, 5, 5, Interpolation::kBicubic, box)), Error);
}

TEST(CenterCrop, RoundsHalvesToEven) {
  Image image(7, 9);
  for (int64_t y = 0; y < 9; ++y)
    for (int64_t x = 0; x < 7; ++x) image.row(y)[3 * x] = static_cast<uint8_t>(10 * y + x);
  EXPECT_EQ(center_crop(image, 4).pixels[0], 22);  // 2.5 and 1.5 both become 2
}

TEST(CenterCrop, FillsShortSidesWithBlack) {
  Image image(1, 2);
  image.pixels.assign(6, 200);
  const Image cropped = center_crop(image, 4);
  EXPECT_EQ(std::count(cropped.pixels.begin(), cropped.pixels.end(), 200), 6);
  EXPECT_EQ(cropped.row(1)[3], 200);  // one column and one row of black in front
}

}  // namespace
}  // namespace tandem
