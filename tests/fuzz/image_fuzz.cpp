#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tandem/core/error.h"
#include "tandem/image/transform.h"

/// Any bytes are a picture or a tandem::Error, and a picture has the size that it says.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const tandem::ImageHeader header = tandem::sniff_image(bytes);
  if (header.found.empty()) __builtin_trap();
  try {
    const char* background = size % 2 == 0 ? "white" : "drop_after_resize";
    const tandem::ImageTransformOptions options{.background = background,
                                                .exif = tandem::ExifOrientation::kApply,
                                                .max_image_pixels = 1 << 18};
    const tandem::Image image = tandem::decode_image(bytes, options);
    if (image.width < 1 || image.width * image.height > options.max_image_pixels) __builtin_trap();
    if (image.pixels.size() != static_cast<size_t>(image.width * image.height * 3))
      __builtin_trap();
    const tandem::Image small = tandem::evaluation_transform(image, 16, options);
    if (small.pixels.size() != 16U * 16 * 3) __builtin_trap();
    if (tandem::decode_for_evaluation(bytes, 16, options).pixels != small.pixels) __builtin_trap();
  } catch (const tandem::Error&) {
    return 0;
  }
  return 0;
}
