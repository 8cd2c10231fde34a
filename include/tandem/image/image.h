#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "tandem/config/data_options.h"

namespace tandem {

/// Pillow warns of images with more pixels than this.
inline constexpr int64_t kManyPixels = 89478485;

/// What Pillow holds before `convert("RGB")`, of which the resize depends: kPalette is resized by
/// the nearest pixel (also an image of 1 bit), kAlpha with colours weighted by alpha, kCmyk in its
/// four inks.
enum class StoredMode { kRgb, kPalette, kAlpha, kCmyk };

/// An image: 8-bit RGB, rows top to bottom, interleaved, no padding.
struct Image {
  int64_t width = 0;
  int64_t height = 0;
  std::vector<uint8_t> pixels = {};  ///< height × width × 3.
  bool has_oddity = false;           ///< Whether decode_image met a JPEG that breaks a rule which
                                     ///< no pixel depends on.
  bool is_large = false;             ///< Whether it had more than kManyPixels pixels in its file.
  bool transparent = false;          ///< Whether decode_image met a pixel that is not opaque.
  /// How the file stores it; other than kRgb only with `background` = drop_after_resize.
  StoredMode stored_mode = StoredMode::kRgb;
  std::vector<uint8_t> stored = {};  ///< height × width × 4: red, green, blue and alpha of kAlpha;
                                     ///< Pillow's inks (255 is full) of kCmyk; otherwise empty.
  std::array<uint8_t, 3> padding = {};  ///< Colour of what center_crop adds: black, but the first
                                        ///< colour of kPalette, and white for kCmyk.

  Image() = default;
  Image(int64_t width_, int64_t height_)
      : width(width_), height(height_), pixels(static_cast<size_t>(width_ * height_ * 3)) {}
  [[nodiscard]] const uint8_t* row(int64_t y) const { return pixels.data() + y * width * 3; }
  [[nodiscard]] uint8_t* row(int64_t y) { return pixels.data() + y * width * 3; }
};

enum class ImageFormat { kUnknown, kJpeg, kPng, kWebp, kBmp };

/// What the first bytes say, before anything is decoded.
struct ImageHeader {
  ImageFormat format = ImageFormat::kUnknown;
  int64_t width = 0;
  int64_t height = 0;
  std::string found = {};  ///< For messages: the format's name, or what the bytes look like ("an
                           ///< HTML page", "a GIF").
  bool is_other_picture = false;  ///< An image, in a format that is not read.
};

/// Reads format and size from the head of a file without decoding it. Never throws.
[[nodiscard]] ImageHeader sniff_image(std::string_view bytes);

/// Decodes JPEG (libjpeg-turbo; a warning rejects the file as damaged, unless no pixel depends on
/// it: padding before a marker, an unknown JFIF revision or Adobe transform, odd scan parameters),
/// PNG, WebP and BMP, equal to Pillow's `convert("RGB")`. Gray, palette, CMYK (taken as inverted,
/// as Adobe writes it) and 16-bit images become 8-bit RGB; of 16 bits the high byte is kept, also
/// of gray ones, which Pillow cuts at 255. Transparency (an alpha channel, of a palette, a
/// transparent colour) is laid on `options.background`, equal to Pillow's alpha_composite, or
/// ignored for "drop" and "drop_after_resize"; the latter keeps what the resize needs in
/// `stored_mode`, `stored` and `padding`. An animated PNG gives its still image. Orientation as
/// `options.exif` says (EXIF of JPEG, PNG and WebP; a corrupt one is ignored). Throws kData: not an
/// accepted format (and what it is instead; an animated WebP too), truncated, damaged, 2 GiB or
/// more, too many pixels, more than 500 scans, a BMP with 16-bit pixels, run lengths or unusual
/// channel order. Thread-safe.
[[nodiscard]] Image decode_image(std::string_view bytes, const ImageTransformOptions& options);

/// Reads and decodes a file; messages carry its path. Throws as decode_image, and kMissingInput.
[[nodiscard]] Image load_image(const std::filesystem::path& path,
                               const ImageTransformOptions& options);

}  // namespace tandem
