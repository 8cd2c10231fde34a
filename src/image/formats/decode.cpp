#include "image/formats/decode.h"

#include <utility>

#include <fmt/format.h>

#include "image/formats/exif.h"
#include "tandem/core/error.h"
#include "tandem/image/sniff.h"

namespace tandem {

EncodedImage encoded_image(std::string_view bytes, const ImageTransformOptions& options,
                           std::string where) {
  return {.bytes = bytes,
          .header = sniff_image(bytes),
          .max_pixels = options.max_image_pixels,
          .background = background_color(options.background),
          .drops_after_resize = drops_after_resize(options.background),
          .where = std::move(where)};
}

void reject_image(const EncodedImage& encoded, ErrorText text) {
  text.where = encoded.where;
  throw Error(ErrorKind::kData, std::move(text));
}

void reject_damaged(const EncodedImage& encoded, const std::string& problem, std::string found) {
  reject_image(encoded, {.what = problem, .found = std::move(found), .reason = problem});
}

void reject_unknown(const ImageHeader& header, std::string where) {
  const char* convert = "convert it to PNG or JPEG";
  throw Error(ErrorKind::kData, {.what = "not an image in a supported format",
                                 .where = std::move(where),
                                 .expected = "a still JPEG, PNG, WebP or BMP",
                                 .found = header.found,
                                 .hint = header.is_other_picture ? convert : "",
                                 .reason = "not an image"});
}

void check_pixel_count(const EncodedImage& encoded, int64_t width, int64_t height) {
  if (width == 0 || height <= encoded.max_pixels / width) return;
  throw Error(ErrorKind::kData, {.what = "image has too many pixels",
                                 .where = encoded.where,
                                 .expected = fmt::format("at most {} (transform.max_image_pixels)",
                                                         encoded.max_pixels),
                                 .found = fmt::format("{} x {}", width, height),
                                 .reason = "too many pixels"});
}

namespace {

Image decode_format(const EncodedImage& encoded) {
  switch (encoded.header.format) {
    case ImageFormat::kJpeg: return decode_jpeg(encoded);
    case ImageFormat::kPng: return decode_png(encoded);
    default: return decode_other(encoded);
  }
}

}  // namespace

Image decode_any(const EncodedImage& encoded, const ImageTransformOptions& options) {
  const ImageHeader& header = encoded.header;
  if (header.format == ImageFormat::kUnknown) reject_unknown(header, encoded.where);
  if (encoded.bytes.size() > kMaxEncodedBytes) {
    throw Error(ErrorKind::kData, {.what = "file is too large",
                                   .where = encoded.where,
                                   .expected = fmt::format("at most {} bytes", kMaxEncodedBytes),
                                   .found = std::to_string(encoded.bytes.size()),
                                   .reason = "file too large"});
  }
  check_pixel_count(encoded, header.width, header.height);
  Image image = decode_format(encoded);
  image.is_large = image.width * image.height > kManyPixels;
  if (options.exif == ExifOrientation::kIgnore) return image;
  return apply_orientation(std::move(image), exif_orientation(encoded.bytes, header.format));
}

Image decode_image(std::string_view bytes, const ImageTransformOptions& options) {
  return decode_any(encoded_image(bytes, options), options);
}

Image load_image(const std::filesystem::path& path, const ImageTransformOptions& options) {
  const std::string bytes = read_image_file(path);
  return decode_any(encoded_image(bytes, options, path.string()), options);
}

}  // namespace tandem
