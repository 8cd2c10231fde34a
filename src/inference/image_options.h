#pragma once

#include "tandem/config/data_options.h"
#include "tandem/inference/pipeline.h"

namespace tandem {

/// Replaces the values of `transform` that `images` names. Throws kUsage for max_image_pixels
/// below 1 and kConfig for a background that is no colour.
void apply_image_options(const ImageInputOptions& images, ImageTransformOptions& transform);

}  // namespace tandem
