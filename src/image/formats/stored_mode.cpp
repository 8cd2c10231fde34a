#include "image/formats/stored_mode.h"

#include <algorithm>
#include <cstring>

namespace tandem {
namespace {

/// Pillow's division by 255, rounded.
uint8_t scaled(uint32_t value, uint32_t alpha) {
  const uint32_t product = value * alpha + 128;
  return static_cast<uint8_t>(((product >> 8) + product) >> 8);
}

uint8_t unscaled(uint32_t value, uint32_t alpha) {
  if (alpha == 0 || alpha == 255) return static_cast<uint8_t>(value);
  return static_cast<uint8_t>(std::min(255 * value / alpha, 255U));
}

/// The fourth of the stored channels, three times, so that the resize of RGB serves.
Image fourth_of(const Image& image) {
  Image fourth(image.width, image.height);
  for (size_t i = 0; i < fourth.pixels.size(); ++i) fourth.pixels[i] = image.stored[i / 3 * 4 + 3];
  return fourth;
}

/// The first three, of kAlpha times alpha.
Image others_of(const Image& image) {
  const bool has_alpha = image.stored_mode == StoredMode::kAlpha;
  Image others(image.width, image.height);
  for (size_t i = 0; i < others.pixels.size(); ++i) {
    const uint8_t value = image.stored[i / 3 * 4 + i % 3];
    others.pixels[i] = has_alpha ? scaled(value, image.stored[i / 3 * 4 + 3]) : value;
  }
  return others;
}

void convert_to_rgb(Image& image, const Image& fourth, StoredMode mode) {
  uint8_t* rgb = image.pixels.data();
  for (size_t i = 0; i < image.pixels.size(); i += 3, rgb += 3) {
    const uint8_t last = fourth.pixels[i];
    if (mode == StoredMode::kAlpha) {
      std::transform(rgb, rgb + 3, rgb, [last](uint8_t value) { return unscaled(value, last); });
    } else {
      const std::array<uint8_t, 4> inverted{
          static_cast<uint8_t>(255 - rgb[0]), static_cast<uint8_t>(255 - rgb[1]),
          static_cast<uint8_t>(255 - rgb[2]), static_cast<uint8_t>(255 - last)};
      cmyk_to_rgb(inverted.data(), 1, rgb);
    }
  }
}

}  // namespace

void cmyk_to_rgb(const uint8_t* inverted, int64_t width, uint8_t* rgb) {
  for (int64_t x = 0; x < width; ++x, inverted += 4, rgb += 3) {
    const uint8_t light = inverted[3];
    for (int channel = 0; channel < 3; ++channel) {
      const auto ink = static_cast<uint8_t>(255 - inverted[channel]);
      rgb[channel] = static_cast<uint8_t>(light - scaled(ink, light));
    }
  }
}

void keep_alpha(Image& image, const AlphaPlane& alpha) {
  if (!image.transparent) return;
  image.stored_mode = StoredMode::kAlpha;
  image.stored.resize(4 * alpha.size());
  for (size_t i = 0; i < alpha.size(); ++i) {
    std::memcpy(image.stored.data() + 4 * i, image.pixels.data() + 3 * i, 3);
    image.stored[4 * i + 3] = alpha[i];
  }
}

void keep_palette(Image& image, std::array<uint8_t, 3> first_color) {
  image.stored_mode = StoredMode::kPalette;
  image.padding = first_color;
}

void keep_inks(Image& image) {
  image.stored_mode = StoredMode::kCmyk;
  image.stored.resize(image.pixels.size() / 3 * 4);
  image.padding = {255, 255, 255};
}

Image cropped_as_stored(const Image& image, const Span& across, const Span& down) {
  Image part(across.count, down.count);
  part.stored_mode = image.stored_mode;
  part.padding = image.padding;
  if (!image.stored.empty()) part.stored.resize(static_cast<size_t>(4 * across.count * down.count));
  for (int64_t y = 0; y < down.count; ++y) {
    const int64_t from = (down.first + y) * image.width + across.first;
    std::memcpy(part.row(y), image.pixels.data() + 3 * from, static_cast<size_t>(3 * across.count));
    if (part.stored.empty()) continue;
    std::memcpy(part.stored.data() + 4 * y * across.count, image.stored.data() + 4 * from,
                static_cast<size_t>(4 * across.count));
  }
  return part;
}

Image resize_stored(const Image& image, const ResampleAxis& across, const ResampleAxis& down,
                    Interpolation interpolation) {
  const bool is_palette = image.stored_mode == StoredMode::kPalette;
  const bool is_resampled =
      (changes(across) || changes(down)) && interpolation != Interpolation::kNearest;
  if (image.stored.empty() || !is_resampled) {
    return resize_axes(view_of(image), across, down,
                       is_palette ? Interpolation::kNearest : interpolation);
  }
  const Image fourth = resize_axes(view_of(fourth_of(image)), across, down, interpolation);
  Image result = resize_axes(view_of(others_of(image)), across, down, interpolation);
  convert_to_rgb(result, fourth, image.stored_mode);
  return result;
}

}  // namespace tandem
