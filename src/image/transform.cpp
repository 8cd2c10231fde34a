#include "tandem/image/transform.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>

#include "image/formats/color.h"
#include "image/formats/stored_mode.h"
#include "image/resample/resample.h"
#include "tandem/core/random.h"
#include "tandem/image/resize.h"

namespace tandem {
namespace {

struct Crop {
  int64_t left = 0;
  int64_t top = 0;
  int64_t width = 0;
  int64_t height = 0;
};

int64_t rounded(double value) { return static_cast<int64_t>(std::nearbyint(value)); }

/// A crop of at least `crop_scale_min` of the area, ten tries long.
std::optional<Crop> draw_crop(const Image& image, const AugmentOptions& augment, Random& random) {
  constexpr int kTries = 10;
  const double area = static_cast<double>(image.width * image.height);
  const double log_ratio = std::log(augment.crop_ratio_max);
  for (int i = 0; i < kTries; ++i) {
    const double target = area * random.uniform(augment.crop_scale_min, 1.0);
    const double ratio = std::exp(random.uniform(-log_ratio, log_ratio));
    const int64_t width = rounded(std::sqrt(target * ratio));
    const int64_t height = rounded(std::sqrt(target / ratio));
    if (width < 1 || width > image.width || height < 1 || height > image.height) continue;
    const auto top = random.below(static_cast<uint64_t>(image.height - height + 1));
    const auto left = random.below(static_cast<uint64_t>(image.width - width + 1));
    return Crop{static_cast<int64_t>(left), static_cast<int64_t>(top), width, height};
  }
  return std::nullopt;
}

/// The largest crop in the middle whose aspect ratio is allowed.
Crop middle_crop(const Image& image, double ratio_max) {
  const auto width = static_cast<double>(image.width);
  const auto height = static_cast<double>(image.height);
  Crop crop{.width = image.width, .height = image.height};
  if (width / height < 1.0 / ratio_max) crop.height = rounded(width * ratio_max);
  if (width / height > ratio_max) crop.width = rounded(height * ratio_max);
  crop.left = (image.width - crop.width) / 2;
  crop.top = (image.height - crop.height) / 2;
  return crop;
}

Image random_resized_crop(const Image& image, int64_t size, Interpolation interpolation,
                          const Crop& crop) {
  if (image.stored_mode != StoredMode::kRgb) {
    const Image part = cropped_as_stored(image, {crop.left, crop.width}, {crop.top, crop.height});
    return resize(part, size, size, interpolation);
  }
  const ImageView view{.pixels = image.row(crop.top) + 3 * crop.left,
                       .width = crop.width,
                       .height = crop.height,
                       .stride = image.width * 3};
  return resize_axes(view, whole_axis(crop.width, size), whole_axis(crop.height, size),
                     interpolation);
}

void mirror(Image& image) {
  for (int64_t y = 0; y < image.height; ++y) {
    uint8_t* row = image.row(y);
    for (int64_t left = 0, right = image.width - 1; left < right; ++left, --right)
      std::swap_ranges(row + 3 * left, row + 3 * left + 3, row + 3 * right);
  }
}

/// torchvision's ColorJitter: the four changes in random order.
void jitter_colors(Image& image, const AugmentOptions& augment, Random& random) {
  enum class Change { kBrightness, kContrast, kSaturation, kHue };
  std::array order{Change::kBrightness, Change::kContrast, Change::kSaturation, Change::kHue};
  for (size_t i = order.size() - 1; i > 0; --i) std::swap(order[i], order[random.below(i + 1)]);
  const auto draw_factor = [&random](double most) {
    return random.uniform(std::max(0.0, 1.0 - most), 1.0 + most);
  };
  const double brightness = draw_factor(augment.brightness);
  const double contrast = draw_factor(augment.contrast);
  const double saturation = draw_factor(augment.saturation);
  const double hue = random.uniform(-augment.hue, augment.hue);
  for (const Change change : order) {
    if (change == Change::kBrightness && augment.brightness > 0)
      adjust_brightness(image, brightness);
    if (change == Change::kContrast && augment.contrast > 0) adjust_contrast(image, contrast);
    if (change == Change::kSaturation && augment.saturation > 0)
      adjust_saturation(image, saturation);
    if (change == Change::kHue && augment.hue > 0) adjust_hue(image, hue);
  }
}

}  // namespace

Image training_transform(const Image& image, int64_t size, const ImageTransformOptions& options,
                         const AugmentOptions& augment, uint64_t seed) {
  Random random(seed);
  Image result;
  if (augment.crop_scale_min == 1.0 && augment.crop_ratio_max == 1.0) {
    result = evaluation_transform(image, size, options);
  } else {
    const Crop crop =
        draw_crop(image, augment, random).value_or(middle_crop(image, augment.crop_ratio_max));
    result = random_resized_crop(image, size, options.interpolation, crop);
  }
  if (random.uniform() < augment.flip_ratio) mirror(result);
  if (random.uniform() < augment.jitter_ratio) jitter_colors(result, augment, random);
  if (random.uniform() < augment.grayscale_ratio) turn_gray(result);
  return result;
}

}  // namespace tandem
