#pragma once

#include "tandem/config/data_options.h"
#include "tandem/inference/pipeline.h"

namespace tandem {

/// Replaces the values of `transform` that `pictures` names. Throws kUsage for max_image_pixels
/// below 1 and kConfig for a background that is no colour.
void apply_picture_options(const PictureOptions& pictures, ImageTransformOptions& transform);

}  // namespace tandem
