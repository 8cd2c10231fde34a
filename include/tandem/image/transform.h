#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "tandem/image/image.h"

namespace tandem {

/// Returns the image at size × size for evaluation: resized to ⌊size / options.crop_pct⌋ by its
/// shortest side, its longest side or both, as `options.resize_mode` says, then cropped (or padded
/// with black) in the middle. Equal to open_clip's, timm's and torchvision's transform on the same
/// pixels, with `options.background` = drop_after_resize also on the same file; only what the crop
/// keeps is computed. Throws kUsage for an empty image, size or crop_pct, kData for an image
/// narrower than any size can hold. Thread-safe.
[[nodiscard]] Image evaluation_transform(const Image& image, int64_t size,
                                         const ImageTransformOptions& options);

/// Returns decode_image(bytes, options) through evaluation_transform, value for value, but spares
/// what is cut off: of a JPEG, columns and rows outside the crop are read without being turned into
/// pixels. Throws as both. Thread-safe.
[[nodiscard]] Image decode_for_evaluation(std::string_view bytes, int64_t size,
                                          const ImageTransformOptions& options);

/// Reads a file for decode_for_evaluation; messages carry its path. Throws as that, and
/// kMissingInput. Thread-safe.
[[nodiscard]] Image load_for_evaluation(const std::filesystem::path& path, int64_t size,
                                        const ImageTransformOptions& options);

/// Returns the image at size × size for training: random crop resized (torchvision's
/// RandomResizedCrop), then flip, colour jitter (torchvision's ColorJitter on a Pillow image),
/// grayscale. With crop_scale_min and crop_ratio_max at 1 the crop is the evaluation's. An image
/// whose stored_mode is not kRgb is cropped and resized as it is stored and converted to RGB before
/// the other changes, as open_clip trains. Everything random follows from `seed` alone. Throws as
/// evaluation_transform. Thread-safe.
[[nodiscard]] Image training_transform(const Image& image, int64_t size,
                                       const ImageTransformOptions& options,
                                       const AugmentOptions& augment, uint64_t seed);

/// Writes the image as planes: out[c][y][x], 3 × height × width bytes.
void write_planar(const Image& image, uint8_t* out);

}  // namespace tandem
