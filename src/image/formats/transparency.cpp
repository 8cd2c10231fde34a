#include "image/formats/transparency.h"

#include <algorithm>

#include "image/formats/segments.h"

namespace tandem {
namespace {

/// Pillow's division by 255, rounded, with seven more bits of precision.
uint8_t blend(uint32_t source, uint32_t ground, uint32_t alpha) {
  constexpr uint32_t kPrecisionBits = 7;
  constexpr uint32_t kHalf = 0x80;
  const uint32_t sum =
      ((source * alpha + ground * (255 - alpha)) << kPrecisionBits) + (kHalf << kPrecisionBits);
  return static_cast<uint8_t>((((sum >> 8) + sum) >> 8) >> kPrecisionBits);
}

}  // namespace

void lay_on(Image& image, const AlphaPlane& alpha,
            const std::optional<std::array<uint8_t, 3>>& background) {
  image.transparent =
      std::any_of(alpha.begin(), alpha.end(), [](uint8_t value) { return value != 255; });
  if (!image.transparent || !background) return;
  uint8_t* pixel = image.pixels.data();
  for (const uint8_t value : alpha) {
    for (const uint8_t ground : *background) {
      *pixel = blend(*pixel, ground, value);
      ++pixel;
    }
  }
}

AlphaPlane alpha_of_color_key(const Image& image, const PngTransparency& key) {
  constexpr uint8_t kGray = 0;
  const bool is_gray = key.color_type == kGray;
  if ((is_gray && key.bit_depth == 16) || key.payload.size() < (is_gray ? 2U : 6U)) return {};
  std::array<uint8_t, 3> color{};
  for (size_t i = 0; i < color.size(); ++i)
    color[i] = static_cast<uint8_t>(key.payload[is_gray ? 1 : 2 * i + 1]);
  if (is_gray && key.bit_depth == 1 && big_endian_16(key.payload, 0) != 0) color.fill(255);
  AlphaPlane alpha(image.pixels.size() / 3);
  for (size_t i = 0; i < alpha.size(); ++i)
    alpha[i] = std::equal(color.begin(), color.end(), image.pixels.data() + 3 * i) ? 0 : 255;
  return alpha;
}

AlphaPlane alpha_of_bmp(const Image& image, std::string_view bytes) {
  constexpr uint32_t kShortestHeaderWithMask = 56;
  constexpr uint32_t kBitFields = 3;
  constexpr uint32_t kHighByte = 0xFF000000;
  const bool has_alpha =
      little_endian_32(bytes, 14) >= kShortestHeaderWithMask && little_endian_16(bytes, 28) == 32 &&
      little_endian_32(bytes, 30) == kBitFields && little_endian_32(bytes, 66) == kHighByte;
  if (!has_alpha) return {};
  const bool runs_down = static_cast<int32_t>(little_endian_32(bytes, 22)) < 0;
  AlphaPlane alpha(image.pixels.size() / 3);
  for (int64_t y = 0; y < image.height; ++y) {
    const int64_t row = runs_down ? y : image.height - 1 - y;
    const size_t first = little_endian_32(bytes, 10) + static_cast<size_t>(row * image.width * 4);
    for (int64_t x = 0; x < image.width; ++x)
      alpha[static_cast<size_t>(y * image.width + x)] =
          static_cast<uint8_t>(bytes[first + static_cast<size_t>(4 * x + 3)]);
  }
  return alpha;
}

}  // namespace tandem
