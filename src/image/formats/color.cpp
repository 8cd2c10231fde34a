#include "image/formats/color.h"

#include <algorithm>
#include <cmath>

namespace tandem {
namespace {

uint8_t luma(const uint8_t* rgb) {
  return static_cast<uint8_t>((rgb[0] * 19595 + rgb[1] * 38470 + rgb[2] * 7471 + 0x8000) >> 16);
}

/// From `start` towards `end` by `factor`, beyond it for more than 1; cut to a byte, not rounded.
uint8_t blend(int start, int end, float factor) {
  const float value = static_cast<float>(start) + factor * static_cast<float>(end - start);
  return static_cast<uint8_t>(std::clamp(value, 0.0F, 255.0F));
}

struct Hsv {
  uint8_t hue;
  uint8_t saturation;
  uint8_t value;
};

Hsv to_hsv(const uint8_t* rgb) {
  const int largest = std::max({rgb[0], rgb[1], rgb[2]});
  const int smallest = std::min({rgb[0], rgb[1], rgb[2]});
  if (largest == smallest) return {0, 0, static_cast<uint8_t>(largest)};
  const auto range = static_cast<float>(largest - smallest);
  const float red = static_cast<float>(largest - rgb[0]) / range;
  const float green = static_cast<float>(largest - rgb[1]) / range;
  const float blue = static_cast<float>(largest - rgb[2]) / range;
  float sixths = 0;
  if (rgb[0] == largest) {
    sixths = blue - green;
  } else if (rgb[1] == largest) {
    sixths = static_cast<float>(2.0 + red - blue);
  } else {
    sixths = static_cast<float>(4.0 + green - red);
  }
  const double turned = sixths / 6.0 + 1.0;
  const auto hue = static_cast<float>(turned >= 1.0 ? turned - 1.0 : turned);
  const float saturation = range / static_cast<float>(largest);
  return {static_cast<uint8_t>(hue * 255.0), static_cast<uint8_t>(saturation * 255.0),
          static_cast<uint8_t>(largest)};
}

void to_rgb(const Hsv& hsv, uint8_t* rgb) {
  const auto set = [rgb](uint8_t red, uint8_t green, uint8_t blue) {
    rgb[0] = red;
    rgb[1] = green;
    rgb[2] = blue;
  };
  const auto rounded = [](double value) { return static_cast<uint8_t>(std::round(value)); };
  if (hsv.saturation == 0) return set(hsv.value, hsv.value, hsv.value);
  const double position = hsv.hue * 6.0 / 255.0;
  const double sector = std::floor(position);
  const auto within = static_cast<float>(position - sector);
  const auto saturation = static_cast<float>(hsv.saturation / 255.0);
  const uint8_t v = hsv.value;
  const uint8_t low = rounded(v * (1.0 - saturation));
  const uint8_t falling = rounded(v * (1.0 - saturation * within));
  const uint8_t rising = rounded(v * (1.0 - saturation * (1.0 - within)));
  switch (static_cast<int>(sector) % 6) {
    case 0: return set(v, rising, low);
    case 1: return set(falling, v, low);
    case 2: return set(low, v, rising);
    case 3: return set(low, falling, v);
    case 4: return set(rising, low, v);
    default: return set(v, low, falling);
  }
}

}  // namespace

void adjust_brightness(Image& image, double factor) {
  const auto factor_32 = static_cast<float>(factor);
  for (uint8_t& value : image.pixels) value = blend(0, value, factor_32);
}

void adjust_contrast(Image& image, double factor) {
  int64_t sum = 0;
  for (size_t i = 0; i < image.pixels.size(); i += 3) sum += luma(&image.pixels[i]);
  const size_t pixels = image.pixels.size() / 3;
  const auto count = static_cast<double>(pixels);
  const int mean = static_cast<int>(static_cast<double>(sum) / count + 0.5);
  const auto factor_32 = static_cast<float>(factor);
  for (uint8_t& value : image.pixels) value = blend(mean, value, factor_32);
}

void adjust_saturation(Image& image, double factor) {
  const auto factor_32 = static_cast<float>(factor);
  for (size_t i = 0; i < image.pixels.size(); i += 3) {
    const int gray = luma(&image.pixels[i]);
    for (size_t c = 0; c < 3; ++c)
      image.pixels[i + c] = blend(gray, image.pixels[i + c], factor_32);
  }
}

void adjust_hue(Image& image, double shift) {
  const int turn = static_cast<int>(shift * 255.0);
  for (size_t i = 0; i < image.pixels.size(); i += 3) {
    Hsv hsv = to_hsv(&image.pixels[i]);
    hsv.hue = static_cast<uint8_t>(hsv.hue + turn);
    to_rgb(hsv, &image.pixels[i]);
  }
}

void turn_gray(Image& image) {
  for (size_t i = 0; i < image.pixels.size(); i += 3) {
    const uint8_t gray = luma(&image.pixels[i]);
    std::fill_n(&image.pixels[i], 3, gray);
  }
}

}  // namespace tandem
