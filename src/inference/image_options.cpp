#include "inference/image_options.h"

#include <string>

#include "tandem/core/error.h"

namespace tandem {

void apply_picture_options(const PictureOptions& pictures, ImageTransformOptions& transform) {
  if (pictures.max_image_pixels.value_or(1) < 1) {
    throw Error(ErrorKind::kUsage, {.what = "max_image_pixels is out of range",
                                    .expected = "at least 1",
                                    .found = std::to_string(*pictures.max_image_pixels)});
  }
  if (!pictures.background.empty()) transform.background = pictures.background;
  (void)background_color(transform.background);  // refuses what is no colour
  if (pictures.exif) transform.exif = *pictures.exif;
  if (pictures.max_image_pixels) transform.max_image_pixels = *pictures.max_image_pixels;
}

}  // namespace tandem
