#include "tandem/image/encode.h"

#include <vector>

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "tandem/core/error.h"

namespace tandem {

std::string encode_png(const Image& image) {
  if (image.width < 1 || image.height < 1)
    throw Error(ErrorKind::kUsage, "an image without pixels cannot be encoded");
  const cv::Mat rgb(static_cast<int>(image.height), static_cast<int>(image.width), CV_8UC3,
                    const_cast<uint8_t*>(image.pixels.data()));
  cv::Mat bgr;
  cv::cvtColor(rgb, bgr, cv::COLOR_RGB2BGR);
  std::vector<uchar> bytes;
  if (!cv::imencode(".png", bgr, bytes))
    throw Error(ErrorKind::kInternal, "OpenCV cannot encode PNG");
  return {bytes.begin(), bytes.end()};
}

}  // namespace tandem
