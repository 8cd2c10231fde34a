#include "tandem/image/transform.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <tuple>

#include <gtest/gtest.h>

#include "image/pictures.h"
#include "tandem/core/error.h"
#include "tandem/image/resize.h"

namespace tandem {
namespace {

using testing::noise;

/// Red rises from left to right and green from top to bottom, so that a crop can be read off.
Image ruler(int64_t width, int64_t height) {
  Image image(width, height);
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      image.row(y)[3 * x] = static_cast<uint8_t>(x);
      image.row(y)[3 * x + 1] = static_cast<uint8_t>(y);
    }
  }
  return image;
}

AugmentOptions everything() {
  return {.crop_scale_min = 0.4,
          .flip_ratio = 0.5,
          .jitter_ratio = 0.8,
          .brightness = 0.4,
          .contrast = 0.4,
          .saturation = 0.4,
          .hue = 0.1,
          .grayscale_ratio = 0.2};
}

TEST(TrainingTransform, FollowsFromTheSeedAlone) {
  const Image image = noise(90, 70, 1);
  std::set<std::string> seen;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    const Image first = training_transform(image, 16, {}, everything(), seed);
    const Image again = training_transform(image, 16, {}, everything(), seed);
    EXPECT_EQ(first.pixels, again.pixels);
    seen.emplace(first.pixels.begin(), first.pixels.end());
  }
  EXPECT_EQ(seen.size(), 40U);
}

TEST(TrainingTransform, WithoutCropIsTheEvaluationTransform) {
  const Image image = noise(90, 70, 2);
  const AugmentOptions none{.crop_scale_min = 1.0, .crop_ratio_max = 1.0};
  for (const ResizeMode mode : {ResizeMode::kShortest, ResizeMode::kSquash}) {
    const ImageTransformOptions options{.resize_mode = mode};
    EXPECT_EQ(training_transform(image, 24, options, none, 7).pixels,
              evaluation_transform(image, 24, options).pixels);
  }
}

TEST(TrainingTransform, CropsKeepTheirScaleAndRatio) {
  const Image image = ruler(200, 160);
  const AugmentOptions augment{.crop_scale_min = 0.5, .crop_ratio_max = 4.0 / 3.0};
  const ImageTransformOptions options{.interpolation = Interpolation::kNearest};
  double smallest = 1;
  double largest = 0;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    const Image crop = training_transform(image, 40, options, augment, seed);
    const uint8_t* last = crop.row(39) + 39 * 3;
    const double width = (last[0] - crop.pixels[0]) * 40.0 / 39.0;
    const double height = (last[1] - crop.pixels[1]) * 40.0 / 39.0;
    const double share = width * height / (200.0 * 160.0);
    smallest = std::min(smallest, share);
    largest = std::max(largest, share);
    EXPECT_GT(share, 0.46);
    EXPECT_LT(width / height, 1.42);
    EXPECT_GT(width / height, 0.70);
  }
  EXPECT_LT(smallest, 0.55);
  EXPECT_GT(largest, 0.9);
}

TEST(TrainingTransform, ImpossibleCropsFallBackToTheMiddle) {
  const Image image = ruler(250, 10);
  const AugmentOptions augment{.crop_scale_min = 1.0, .crop_ratio_max = 1.5};
  const ImageTransformOptions options{.interpolation = Interpolation::kNearest};
  const Image crop = training_transform(image, 15, options, augment, 3);
  EXPECT_EQ(crop.pixels[0], (250 - 15) / 2);  // 10 rows allow 15 columns
  EXPECT_EQ(crop.row(14)[14 * 3], (250 - 15) / 2 + 14);
}

TEST(TrainingTransform, FlipsTheAskedShare) {
  const Image image = ruler(100, 100);
  AugmentOptions augment{.crop_scale_min = 1.0, .crop_ratio_max = 1.0, .flip_ratio = 0.25};
  int flipped = 0;
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    const Image result = training_transform(image, 10, {}, augment, seed);
    if (result.pixels[0] > result.pixels[27]) ++flipped;
  }
  EXPECT_NEAR(flipped, 250, 50);
}

TEST(TrainingTransform, GrayPicturesHaveEqualChannels) {
  const AugmentOptions augment{.grayscale_ratio = 1.0};
  const Image gray = training_transform(noise(50, 50, 5), 20, {}, augment, 1);
  for (size_t i = 0; i < gray.pixels.size(); i += 3) {
    ASSERT_EQ(gray.pixels[i], gray.pixels[i + 1]);
    ASSERT_EQ(gray.pixels[i], gray.pixels[i + 2]);
  }
}

TEST(TrainingTransform, JitterChangesColorsOnlyWhenAsked) {
  const Image image = noise(30, 30, 6);
  AugmentOptions augment{.crop_scale_min = 1.0, .crop_ratio_max = 1.0, .jitter_ratio = 1.0};
  const Image plain = evaluation_transform(image, 30, {});
  EXPECT_EQ(training_transform(image, 30, {}, augment, 1).pixels, plain.pixels);
  augment.hue = 0.3;
  EXPECT_NE(training_transform(image, 30, {}, augment, 1).pixels, plain.pixels);
}

TEST(EvaluationTransform, CropOffsetDecidesAboutHalfAPixel) {
  // 19 x 8: eleven columns are over, so that the crop begins at 5.5; 13 x 8: at 2.5.
  for (const auto& [width, even, down] : {std::tuple{19, 6, 5}, {13, 2, 2}}) {
    Image image(width, 8);
    for (int64_t y = 0; y < 8; ++y)
      for (int64_t x = 0; x < width; ++x) image.row(y)[3 * x] = static_cast<uint8_t>(x);
    const auto first = [&](CropOffset offset) {
      return evaluation_transform(image, 8, {.crop_offset = offset}).row(0)[0];
    };
    EXPECT_EQ(first(CropOffset::kEven), even) << width;
    EXPECT_EQ(first(CropOffset::kDown), down) << width;
  }
}

TEST(EvaluationTransform, EqualsResizeAndCenterCrop) {
  for (const auto& [width, height] : {std::pair{70, 41}, {41, 70}, {64, 64}, {40, 200}}) {
    const Image image = noise(width, height, 8);
    const int64_t longer = 32 * std::max(width, height) / std::min(width, height);
    const Image resized = width > height ? resize(image, longer, 32, Interpolation::kBicubic)
                                         : resize(image, 32, longer, Interpolation::kBicubic);
    EXPECT_EQ(evaluation_transform(image, 32, {}).pixels, center_crop(resized, 32).pixels);
  }
}

TEST(EvaluationTransform, CropPctCropsFromALargerResize) {
  const Image image = noise(70, 41, 9);
  const ImageTransformOptions shortest{.crop_pct = 0.875};  // 28 / 0.875 = 32
  const Image resized = resize(image, 32 * 70 / 41, 32, Interpolation::kBicubic);
  EXPECT_EQ(evaluation_transform(image, 28, shortest).pixels, center_crop(resized, 28).pixels);
  const ImageTransformOptions squash{.resize_mode = ResizeMode::kSquash, .crop_pct = 0.9};
  const Image squashed = resize(image, 31, 31, Interpolation::kBicubic);  // ⌊28 / 0.9⌋
  EXPECT_EQ(evaluation_transform(image, 28, squash).pixels, center_crop(squashed, 28).pixels);
}

TEST(EvaluationTransform, LongestShowsThePictureBetweenBlackBorders) {
  const Image image = noise(70, 41, 10);
  const ImageTransformOptions options{.resize_mode = ResizeMode::kLongest};
  const Image shown = evaluation_transform(image, 32, options);
  const Image resized = resize(image, 32, 19, Interpolation::kBicubic);  // 41 · 32 / 70 = 18.7
  EXPECT_EQ(shown.pixels, center_crop(resized, 32).pixels);
  EXPECT_EQ(std::count(shown.row(0), shown.row(6), 0), 6 * 32 * 3);
  EXPECT_THROW(static_cast<void>(evaluation_transform(Image(1, 500), 32, options)), Error);
}

/// Opaque red beside transparent green.
Image red_beside_clear_green(StoredMode mode) {
  Image image(40, 30);
  image.stored_mode = mode;
  for (size_t i = 0; i < image.pixels.size(); i += 3)
    image.pixels[i + (i / 3 % 40 < 23 ? 0 : 1)] = 255;
  if (mode != StoredMode::kAlpha) return image;
  for (size_t i = 0; i < image.pixels.size(); i += 3) {
    const uint8_t alpha = image.pixels[i];
    image.stored.insert(image.stored.end(), {image.pixels[i], image.pixels[i + 1], 0, alpha});
  }
  return image;
}

/// Colours other than red and green of a random crop.
int64_t mixed_pixels(StoredMode mode, uint64_t seed) {
  const AugmentOptions augment{.crop_scale_min = 0.4};
  const Image result = training_transform(red_beside_clear_green(mode), 16, {}, augment, seed);
  int64_t mixed = 0;
  for (size_t i = 0; i < result.pixels.size(); i += 3)
    mixed += result.pixels[i] != 0 && result.pixels[i + 1] != 0 ? 1 : 0;
  return mixed;
}

TEST(TrainingTransform, ResizesAsThePictureIsStored) {
  int64_t mixed = 0;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    mixed += mixed_pixels(StoredMode::kRgb, seed);
    EXPECT_EQ(mixed_pixels(StoredMode::kAlpha, seed), 0) << seed;
    EXPECT_EQ(mixed_pixels(StoredMode::kPalette, seed), 0) << seed;
  }
  EXPECT_GT(mixed, 0);
}

TEST(EvaluationTransform, RefusesACropPctThatIsNoShare) {
  for (const double crop_pct : {0.0, -1.0, 1.5, std::nan("")}) {
    const ImageTransformOptions options{.crop_pct = crop_pct};
    EXPECT_THROW(static_cast<void>(evaluation_transform(noise(5, 5, 1), 4, options)), Error);
  }
}

TEST(EvaluationTransform, RefusesASizeOfZero) {
  EXPECT_THROW(static_cast<void>(evaluation_transform(noise(5, 5, 1), 0, {})), Error);
}

/// Wide, high and square JPEGs of both kinds, whose crops begin in all places of a block.
TEST(DecodeForEvaluation, EqualsDecodingAllOfIt) {
  for (int64_t width = 90; width < 400; width += 31) {
    const int64_t height = 480 - width + width % 7;
    for (const auto kind : {testing::JpegKind::kBaseline, testing::JpegKind::kProgressive}) {
      const std::string bytes = testing::encode_jpeg(noise(width, height, 11), kind);
      for (const ResizeMode mode :
           {ResizeMode::kShortest, ResizeMode::kLongest, ResizeMode::kSquash}) {
        const ImageTransformOptions options{.resize_mode = mode, .crop_pct = 0.8};
        EXPECT_EQ(decode_for_evaluation(bytes, 24, options).pixels,
                  evaluation_transform(decode_image(bytes, options), 24, options).pixels)
            << width << " x " << height;
      }
    }
  }
}

TEST(DecodeForEvaluation, SeesDamageOutsideTheCrop) {
  for (const auto& [width, height] : {std::pair{80, 600}, {600, 80}}) {
    const std::string bytes = testing::encode_jpeg(noise(width, height, 12));
    EXPECT_EQ(decode_for_evaluation(bytes, 16, {}).width, 16);
    for (const size_t percent : {20U, 95U}) {
      const std::string cut = bytes.substr(0, bytes.size() * percent / 100);
      EXPECT_THROW(static_cast<void>(decode_for_evaluation(cut, 16, {})), Error);
    }
  }
}

TEST(WritePlanar, SeparatesTheChannels) {
  Image image(2, 1);
  image.pixels = {1, 2, 3, 4, 5, 6};
  std::vector<uint8_t> planes(6);
  write_planar(image, planes.data());
  EXPECT_EQ(planes, (std::vector<uint8_t>{1, 4, 2, 5, 3, 6}));
}

TEST(WritePlanar, TakesEveryPixelOfAnyCount) {
  for (int64_t width = 1; width < 70; ++width) {
    const Image image = noise(width, 1, 13);
    std::vector<uint8_t> planes(image.pixels.size());
    write_planar(image, planes.data());
    for (size_t i = 0; i < planes.size(); ++i)
      ASSERT_EQ(planes[i % 3 * static_cast<size_t>(width) + i / 3], image.pixels[i]);
  }
}

}  // namespace
}  // namespace tandem
