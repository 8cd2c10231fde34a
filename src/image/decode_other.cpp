#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <fmt/format.h>

#include "image/decode.h"
#include "image/png.h"
#include "image/segments.h"

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

/// OpenCV prints about a BMP that ends early, and reads 16-bit pixels and unusual channel orders
/// otherwise than they are meant.
void check_bmp(const EncodedImage& encoded) {
  constexpr uint32_t kOldHeaderBytes = 12;
  constexpr uint32_t kUncompressed = 0;
  constexpr uint32_t kBitFields = 3;
  const std::string_view bytes = encoded.bytes;
  const bool is_old = little_endian_32(bytes, 14) == kOldHeaderBytes;
  const uint32_t depth = little_endian_16(bytes, is_old ? 24 : 28);
  const uint32_t compression = is_old ? kUncompressed : little_endian_32(bytes, 30);
  const bool has_usual_order = little_endian_32(bytes, 54) == 0xFF0000 &&
                               little_endian_32(bytes, 58) == 0xFF00 &&
                               little_endian_32(bytes, 62) == 0xFF;
  const bool is_plain = compression == kUncompressed &&
                        (depth == 1 || depth == 4 || depth == 8 || depth == 24 || depth == 32);
  if (!is_plain && !(compression == kBitFields && depth == 32 && has_usual_order)) {
    reject_image(encoded, "BMP of a rare kind, which is not read",
                 fmt::format("{} bits per pixel, compression {}", depth, compression));
  }
  const uint64_t row_bytes = (static_cast<uint64_t>(encoded.header.width) * depth + 31) / 32 * 4;
  const uint64_t needed =
      little_endian_32(bytes, 10) + row_bytes * static_cast<uint64_t>(encoded.header.height);
  if (bytes.size() < needed) {
    reject_image(encoded, "truncated BMP", fmt::format("{} of {} bytes", bytes.size(), needed));
  }
}

void check_webp(const EncodedImage& encoded) {
  const uint64_t needed = uint64_t{little_endian_32(encoded.bytes, 4)} + 8;
  if (encoded.bytes.size() >= needed) return;
  reject_image(encoded, "truncated WebP",
               fmt::format("{} of {} bytes", encoded.bytes.size(), needed));
}

/// OpenCV looks for another reader where it finds a start damaged; its DICOM reader, the only one
/// whose mark is not at the start, reserves whatever memory the file names.
void check_not_dicom(const EncodedImage& encoded, std::string_view bytes) {
  constexpr size_t kMarkOffset = 128;
  if (bytes.size() > kMarkOffset && bytes.substr(kMarkOffset).starts_with("DICM"))
    reject_image(encoded, encoded.header.found + " that is marked as DICOM, too");
}

cv::Mat decode_by_opencv(const EncodedImage& encoded, std::string_view bytes) {
  tame_opencv();
  check_not_dicom(encoded, bytes);
  const cv::Mat buffer(1, static_cast<int>(bytes.size()), CV_8UC1, const_cast<char*>(bytes.data()));
  try {
    return cv::imdecode(buffer, cv::IMREAD_COLOR | cv::IMREAD_IGNORE_ORIENTATION);
  } catch (const cv::Exception& error) {
    reject_image(encoded, "damaged " + encoded.header.found, error.err);
  }
}

}  // namespace

Image decode_other(const EncodedImage& encoded) {
  const ImageHeader& header = encoded.header;
  std::string_view bytes = encoded.bytes;
  CheckedPng png;
  if (header.format == ImageFormat::kBmp) check_bmp(encoded);
  if (header.format == ImageFormat::kWebp) check_webp(encoded);
  if (header.format == ImageFormat::kPng) {
    png = check_png(bytes);
    if (!png.problem.empty()) reject_image(encoded, png.problem, png.details);
    bytes = png.bytes;
  }
  const cv::Mat decoded = decode_by_opencv(encoded, bytes);
  if (decoded.cols != header.width || decoded.rows != header.height || decoded.empty())
    reject_image(encoded, "damaged " + header.found);

  Image image(header.width, header.height);
  cv::Mat target(decoded.rows, decoded.cols, CV_8UC3, image.pixels.data());
  cv::cvtColor(decoded, target, cv::COLOR_BGR2RGB);
  return image;
}

}  // namespace tandem
