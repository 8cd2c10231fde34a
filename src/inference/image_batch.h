#pragma once

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include <torch/types.h>

#include "tandem/core/error.h"
#include "tandem/image/image.h"

namespace tandem {

/// The usable ones of some images, ready for the image tower.
struct ImageBatch {
  torch::Tensor images;                           ///< uint8 [B, 3, S, S]
  std::vector<int64_t> rows;                      ///< B numbers: which images these are.
  std::vector<std::pair<int64_t, Error>> errors;  ///< The others, in order.
  int64_t large = 0;                              ///< Of the usable ones: see Image::is_large.
};

/// Takes images [first, last), which `prepare` returns at image_size × image_size, from several
/// threads. Only Error makes an image unusable; any other exception is passed on.
[[nodiscard]] ImageBatch load_images(std::pair<int64_t, int64_t> range,
                                     const std::function<Image(int64_t)>& prepare,
                                     int64_t image_size);

}  // namespace tandem
