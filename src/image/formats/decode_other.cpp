#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <fmt/format.h>

#include "image/formats/bmp.h"
#include "image/formats/decode.h"
#include "image/formats/segments.h"
#include "image/formats/stored_mode.h"
#include "image/formats/transparency.h"

namespace tandem {
namespace {

/// Loader threads are enough threads, and a library does not print.
void tame_opencv() {
  static const bool done = [] {
    cv::setNumThreads(0);
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    return true;
  }();
  static_cast<void>(done);
}

constexpr const char* kUnreadable = "invalid pixel data";

/// OpenCV prints about a header or a palette that reaches beyond the file, and about too many
/// colors.
void check_bmp_palette(const EncodedImage& encoded, const BmpHeader& header) {
  constexpr uint32_t kSmallestHeaderBytes = 36;
  constexpr uint64_t kMostColors = 256;
  const uint64_t end = header.palette + header.colors * header.color_bytes;
  if ((!header.is_old && header.bytes < kSmallestHeaderBytes) || header.colors > kMostColors ||
      end > encoded.bytes.size())
    reject_damaged(encoded, "damaged BMP", kUnreadable);
}

/// OpenCV prints about a BMP that ends early, and reads 16-bit pixels and unusual channel orders
/// otherwise than they are meant.
void check_bmp(const EncodedImage& encoded) {
  constexpr uint32_t kUncompressed = 0;
  constexpr uint32_t kBitFields = 3;
  const std::string_view bytes = encoded.bytes;
  const BmpHeader header = read_bmp_header(bytes);
  const uint32_t depth = header.depth;
  const uint32_t compression = header.is_old ? kUncompressed : little_endian_32(bytes, 30);
  const bool has_usual_order = little_endian_32(bytes, 54) == 0xFF0000 &&
                               little_endian_32(bytes, 58) == 0xFF00 &&
                               little_endian_32(bytes, 62) == 0xFF;
  const bool is_plain = compression == kUncompressed &&
                        (depth == 1 || depth == 4 || depth == 8 || depth == 24 || depth == 32);
  if (!is_plain && !(compression == kBitFields && depth == 32 && has_usual_order)) {
    reject_image(encoded,
                 {.what = "unsupported kind of BMP",
                  .found = fmt::format("{} bits per pixel, compression {}", depth, compression)});
  }
  const uint64_t row_bytes = (static_cast<uint64_t>(encoded.header.width) * depth + 31) / 32 * 4;
  const uint64_t needed =
      little_endian_32(bytes, 10) + row_bytes * static_cast<uint64_t>(encoded.header.height);
  if (bytes.size() < needed) {
    reject_damaged(encoded, "truncated BMP", fmt::format("{} of {} bytes", bytes.size(), needed));
  }
  check_bmp_palette(encoded, header);
}

void check_webp(const EncodedImage& encoded) {
  const uint64_t needed = uint64_t{little_endian_32(encoded.bytes, 4)} + 8;
  if (encoded.bytes.size() >= needed) return;
  reject_damaged(encoded, "truncated WebP",
                 fmt::format("{} of {} bytes", encoded.bytes.size(), needed));
}

/// OpenCV looks for another reader where it finds a start damaged; its DICOM reader, the only one
/// whose mark is not at the start, reserves whatever memory the file names.
void check_not_dicom(const EncodedImage& encoded) {
  constexpr size_t kMarkOffset = 128;
  const std::string_view bytes = encoded.bytes;
  if (bytes.size() > kMarkOffset && bytes.substr(kMarkOffset).starts_with("DICM"))
    reject_image(encoded, {.what = encoded.header.found + " that is also marked as DICOM"});
}

cv::Mat decode_by_opencv(const EncodedImage& encoded, int flags) {
  const std::string_view bytes = encoded.bytes;
  tame_opencv();
  check_not_dicom(encoded);
  const cv::Mat buffer(1, static_cast<int>(bytes.size()), CV_8UC1, const_cast<char*>(bytes.data()));
  cv::Mat decoded;
  try {
    decoded = cv::imdecode(buffer, flags);
  } catch (const cv::Exception&) {
    reject_damaged(encoded, "damaged " + encoded.header.found, kUnreadable);
  }
  const ImageHeader& header = encoded.header;
  if (decoded.cols != header.width || decoded.rows != header.height || decoded.empty())
    reject_damaged(encoded, "damaged " + header.found, kUnreadable);
  return decoded;
}

/// Fills `image` from an image of three or four channels and returns the fourth.
AlphaPlane take_channels(const cv::Mat& decoded, Image& image) {
  const bool has_alpha = decoded.channels() == 4;
  image = Image(decoded.cols, decoded.rows);
  cv::Mat colors(decoded.rows, decoded.cols, CV_8UC3, image.pixels.data());
  cv::cvtColor(decoded, colors, has_alpha ? cv::COLOR_BGRA2RGB : cv::COLOR_BGR2RGB);
  if (!has_alpha) return {};
  AlphaPlane alpha(image.pixels.size() / 3);
  cv::Mat plane(decoded.rows, decoded.cols, CV_8UC1, alpha.data());
  cv::extractChannel(decoded, plane, 3);
  return alpha;
}

constexpr int kColors = cv::IMREAD_COLOR | cv::IMREAD_IGNORE_ORIENTATION;

Image decode_bmp(const EncodedImage& encoded) {
  check_bmp(encoded);
  Image image;
  take_channels(decode_by_opencv(encoded, kColors), image);
  const AlphaPlane alpha = alpha_of_bmp(image, encoded.bytes);
  lay_on(image, alpha, encoded.background);
  if (!encoded.drops_after_resize) return image;
  if (is_palette_bmp(encoded.bytes)) keep_palette(image, first_bmp_color(encoded.bytes));
  keep_alpha(image, alpha);
  return image;
}

Image decode_webp(const EncodedImage& encoded) {
  check_webp(encoded);
  Image image;
  const AlphaPlane alpha = take_channels(decode_by_opencv(encoded, cv::IMREAD_UNCHANGED), image);
  lay_on(image, alpha, encoded.background);
  if (encoded.drops_after_resize) keep_alpha(image, alpha);
  return image;
}

}  // namespace

Image decode_other(const EncodedImage& encoded) {
  return encoded.header.format == ImageFormat::kBmp ? decode_bmp(encoded) : decode_webp(encoded);
}

}  // namespace tandem
