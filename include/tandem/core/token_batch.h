#pragma once

#include <cstdint>
#include <vector>

#include <torch/types.h>

namespace tandem {

/// A batch of tokenised texts without padding: the ids of all texts one after the other. It is the
/// one form in which text travels from `text` through `data` to `model`.
struct TokenBatch {
  torch::Tensor ids =
      {};  ///< int64 [T]: the ids of every text, T in total, special tokens included.
  torch::Tensor cu_seqlens = {};  ///< int32 [B + 1]: text b is ids[cu_seqlens[b], cu_seqlens[b +
                                  ///< 1]); the first entry is 0.
  int64_t max_length = 0;         ///< Tokens of the longest text.

  /// B, the number of texts.
  [[nodiscard]] int64_t size() const { return cu_seqlens.defined() ? cu_seqlens.size(0) - 1 : 0; }
  /// The same batch on `device`.
  [[nodiscard]] TokenBatch to(const torch::Device& device) const;
  /// Texts [first, last) of this batch.
  [[nodiscard]] TokenBatch slice(int64_t first, int64_t last) const;
};

/// Returns the texts packed one after the other on the CPU, pinned if asked (which needs a CUDA
/// device). Each text needs at least one id.
[[nodiscard]] TokenBatch pack_tokens(const std::vector<std::vector<int32_t>>& texts,
                                     bool pin_memory = false);

}  // namespace tandem
