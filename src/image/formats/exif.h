#pragma once

#include <string_view>

#include "tandem/image/image.h"

namespace tandem {

/// Returns the EXIF orientation (1 to 8) that a JPEG, PNG or WebP carries; 1, upright, where there
/// is none or it is corrupt.
[[nodiscard]] int exif_orientation(std::string_view bytes, ImageFormat format);

/// Returns the image turned and mirrored upright from `orientation` (EXIF 2.3, tag 0x0112).
[[nodiscard]] Image apply_orientation(Image image, int orientation);

}  // namespace tandem
