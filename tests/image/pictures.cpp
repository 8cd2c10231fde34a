#include "image/pictures.h"

#include <cstdio>
#include <vector>

#include <gtest/gtest.h>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <jpeglib.h>
#include <zlib.h>

namespace tandem::testing {
namespace {

/// A valid progressive script that sends each coefficient of each component bit by bit.
std::vector<jpeg_scan_info> two_thousand_scans() {
  constexpr int kTopBit = 10;
  std::vector<jpeg_scan_info> scans;
  scans.push_back(
      {.comps_in_scan = 3, .component_index = {0, 1, 2, 0}, .Ss = 0, .Se = 0, .Ah = 0, .Al = 0});
  for (int component = 0; component < 3; ++component) {
    for (int coefficient = 1; coefficient < 64; ++coefficient) {
      for (int bit = kTopBit; bit >= 0; --bit) {
        scans.push_back({.comps_in_scan = 1,
                         .component_index = {component, 0, 0, 0},
                         .Ss = coefficient,
                         .Se = coefficient,
                         .Ah = bit == kTopBit ? 0 : bit + 1,
                         .Al = bit});
      }
    }
  }
  return scans;
}

}  // namespace

Image noise(int64_t width, int64_t height, uint64_t seed) {
  Image image(width, height);
  uint64_t state = seed;
  for (uint8_t& value : image.pixels) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    value = static_cast<uint8_t>(state >> 56);
  }
  return image;
}

Image gradient(int64_t width, int64_t height) {
  Image image(width, height);
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      uint8_t* pixel = image.row(y) + 3 * x;
      pixel[0] = static_cast<uint8_t>(255 * x / width);
      pixel[1] = static_cast<uint8_t>(255 * y / height);
      pixel[2] = static_cast<uint8_t>((x * x / 7 + y * 3) & 0xFF);
    }
  }
  return image;
}

std::string encode_jpeg(const Image& image, JpegKind kind) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &buffer, &size);
  info.image_width = static_cast<JDIMENSION>(image.width);
  info.image_height = static_cast<JDIMENSION>(image.height);
  info.input_components = 3;
  info.in_color_space = JCS_RGB;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, 85, TRUE);
  const std::vector<jpeg_scan_info> scans = two_thousand_scans();
  if (kind == JpegKind::kProgressive) jpeg_simple_progression(&info);
  if (kind == JpegKind::kTwoThousandScans) {
    info.scan_info = scans.data();
    info.num_scans = static_cast<int>(scans.size());
  }
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    auto* row = const_cast<uint8_t*>(image.row(info.next_scanline));
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  std::string bytes(reinterpret_cast<const char*>(buffer), size);
  jpeg_destroy_compress(&info);
  std::free(buffer);
  return bytes;
}

std::string encode(const Image& image, const std::string& extension) {
  const cv::Mat rgb(static_cast<int>(image.height), static_cast<int>(image.width), CV_8UC3,
                    const_cast<uint8_t*>(image.pixels.data()));
  cv::Mat bgr;
  cv::cvtColor(rgb, bgr, cv::COLOR_RGB2BGR);
  std::vector<uint8_t> bytes;
  std::vector<int> parameters;
  if (extension == ".webp") parameters = {cv::IMWRITE_WEBP_QUALITY, 101};  // lossless
  cv::imencode(extension, bgr, bytes, parameters);
  return {bytes.begin(), bytes.end()};
}

std::string big_endian(uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xFF);
  return bytes;
}

std::string png_chunk(const std::string& type, const std::string& payload) {
  const std::string summed = type + payload;
  const auto checksum = crc32_z(0, reinterpret_cast<const Bytef*>(summed.data()), summed.size());
  return big_endian(static_cast<uint32_t>(payload.size())) + summed +
         big_endian(static_cast<uint32_t>(checksum));
}

std::string png_start(uint32_t width, uint32_t height) {
  const std::string rest{8, 2, 0, 0, 0};
  return "\x89PNG\r\n\x1A\n" + png_chunk("IHDR", big_endian(width) + big_endian(height) + rest);
}

std::optional<Error> refusal(std::string_view bytes) {
  try {
    static_cast<void>(decode_image(bytes, {}));
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kData) << error.what();
    return error;
  }
  return std::nullopt;
}

}  // namespace tandem::testing
