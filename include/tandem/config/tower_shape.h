#pragma once

#include <cstdint>

#include "tandem/config/model_options.h"

/// What follows from a tower's options. Pure functions.
namespace tandem {

/// Returns the hidden size of a block's MLP.
[[nodiscard]] inline int64_t hidden_width(const auto& tower) {
  return tower.mlp_width > 0 ? tower.mlp_width : 4 * tower.width;
}

/// Returns the tokens of an image: its patches, and the class token where there is one.
[[nodiscard]] inline int64_t image_tokens(const ImageEncoderOptions& tower) {
  const int64_t side = tower.image_size / tower.patch_size;
  return side * side + (tower.class_token ? 1 : 0);
}

/// Return whether a pool reads the last block's states of all tokens, or of one.
[[nodiscard]] inline bool reads_every_token(ImagePool pool) {
  switch (pool) {
    case ImagePool::kMean:
    case ImagePool::kMap: return true;
    case ImagePool::kCls:
    case ImagePool::kPooler:
    case ImagePool::kLogits: return false;
  }
  return true;
}
[[nodiscard]] inline bool reads_every_token(TextPool pool) {
  switch (pool) {
    case TextPool::kMean:
    case TextPool::kMeanAll: return true;
    case TextPool::kCls:
    case TextPool::kPooler:
    case TextPool::kEot:
    case TextPool::kLast:
    case TextPool::kArgmax: return false;
  }
  return true;
}

}  // namespace tandem
