#pragma once

#include <cstdint>

#include "tandem/image/image.h"

namespace tandem {

/// Returns the picture at size × size for evaluation: shortest side resized to `size` then center
/// crop, or squashed, as `options.resize_mode` says. Equal to open_clip's and torchvision's
/// transform on the same pixels; only what the crop keeps is computed. Throws kUsage for an empty
/// picture or size, kData for a picture narrower than any size can hold. Thread-safe.
[[nodiscard]] Image evaluation_transform(const Image& image, int64_t size,
                                         const ImageTransformOptions& options);

/// Returns the picture at size × size for training: random crop resized (torchvision's
/// RandomResizedCrop), then flip, colour jitter (torchvision's ColorJitter on a Pillow picture),
/// grayscale. With crop_scale_min and crop_ratio_max at 1 the crop is the evaluation's. Everything
/// random follows from `seed` alone. Throws as evaluation_transform. Thread-safe.
[[nodiscard]] Image training_transform(const Image& image, int64_t size,
                                       const ImageTransformOptions& options,
                                       const AugmentOptions& augment, uint64_t seed);

/// Writes the picture as planes: out[c][y][x], 3 × height × width bytes.
void write_planar(const Image& image, uint8_t* out);

}  // namespace tandem
