#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "image/resample/resample.h"
#include "tandem/core/error.h"
#include "tandem/image/image.h"

namespace tandem {

/// No longer content is decoded: OpenCV counts its bytes in an int.
inline constexpr size_t kMaxEncodedBytes = std::numeric_limits<int>::max();

/// Part of an image.
struct Area {
  Span across;
  Span down;
};

/// An image's file content on its way through the decoders.
struct EncodedImage {
  std::string_view bytes;
  ImageHeader header;
  int64_t max_pixels = 0;
  std::optional<std::array<uint8_t, 3>> background = {};  ///< See background_color.
  bool drops_after_resize = false;                        ///< See StoredMode.
  std::string where = {};         ///< For messages: the file's path, or nothing.
  std::optional<Area> area = {};  ///< What is wanted; a decoder may leave the rest black.
};

/// Returns content with its header, as yet undecoded; `where` for messages.
[[nodiscard]] EncodedImage encoded_image(std::string_view bytes,
                                         const ImageTransformOptions& options,
                                         std::string where = {});

/// Throws kData about this image; `where` is filled in.
[[noreturn]] void reject_image(const EncodedImage& encoded, ErrorText text);

/// Throws kData about an image with damaged content. `problem` is both what is wrong and the
/// reason: "truncated PNG", "damaged WebP".
[[noreturn]] void reject_damaged(const EncodedImage& encoded, const std::string& problem,
                                 std::string found);

/// Throws kData about content that is no image of an accepted format.
[[noreturn]] void reject_unknown(const ImageHeader& header, std::string where);

/// Throws kData when an image of this size has more pixels than allowed.
void check_pixel_count(const EncodedImage& encoded, int64_t width, int64_t height);

/// Decodes whatever the header says; see decode_image.
[[nodiscard]] Image decode_any(const EncodedImage& encoded, const ImageTransformOptions& options);

/// Decodes a JPEG; throws kData on every error of libjpeg, and on every warning after which pixels
/// are invented.
[[nodiscard]] Image decode_jpeg(const EncodedImage& encoded);

/// Decodes a PNG; throws kData on every error of libpng, a wrong checksum in any chunk, and a file
/// without its end. libpng's warnings change no pixel.
[[nodiscard]] Image decode_png(const EncodedImage& encoded);

/// Decodes WebP and BMP through OpenCV; throws kData.
[[nodiscard]] Image decode_other(const EncodedImage& encoded);

}  // namespace tandem
