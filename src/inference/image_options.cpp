#include "inference/image_options.h"

#include <string>

#include "tandem/core/error.h"

namespace tandem {

void apply_image_options(const ImageInputOptions& images, ImageTransformOptions& transform) {
  if (images.max_image_pixels.value_or(1) < 1) {
    throw Error(ErrorKind::kUsage, {.what = "max_image_pixels is out of range",
                                    .expected = "at least 1",
                                    .found = std::to_string(*images.max_image_pixels)});
  }
  if (!images.background.empty()) transform.background = images.background;
  (void)background_color(transform.background);  // refuses what is no colour
  if (images.exif) transform.exif = *images.exif;
  if (images.max_image_pixels) transform.max_image_pixels = *images.max_image_pixels;
}

}  // namespace tandem
