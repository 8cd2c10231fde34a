#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tandem/core/error.h"
#include "tandem/image/image.h"

namespace tandem::testing {

/// Random pixels; scripts/make_golden_images.py makes the same.
[[nodiscard]] Image noise(int64_t width, int64_t height, uint64_t seed);

/// A picture with slow changes of colour, as photographs have.
[[nodiscard]] Image gradient(int64_t width, int64_t height);

enum class JpegKind { kBaseline, kProgressive, kTwoThousandScans };

[[nodiscard]] std::string encode_jpeg(const Image& image, JpegKind kind = JpegKind::kBaseline);

/// Through OpenCV; `extension` is ".png", ".webp" or ".bmp".
[[nodiscard]] std::string encode(const Image& image, const std::string& extension);

[[nodiscard]] std::string big_endian(uint32_t value);
[[nodiscard]] std::string png_chunk(const std::string& type, const std::string& payload);
/// Signature and header of an 8-bit RGB picture.
[[nodiscard]] std::string png_start(uint32_t width, uint32_t height);

/// The error that decode_image throws for these bytes, if any. Fails the test if it is another
/// exception than a tandem::Error of kind kData.
[[nodiscard]] std::optional<Error> refusal(std::string_view bytes);

}  // namespace tandem::testing
