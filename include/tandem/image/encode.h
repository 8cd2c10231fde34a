#pragma once

#include <string>

#include "tandem/image/image.h"

namespace tandem {

/// Returns the image as the bytes of a PNG file (8-bit RGB); decode_image gives the same pixels
/// back. Throws kUsage for an image without pixels. Thread-safe.
[[nodiscard]] std::string encode_png(const Image& image);

}  // namespace tandem
