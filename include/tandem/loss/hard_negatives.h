#pragma once

#include <cstdint>
#include <vector>

#include <torch/types.h>

namespace tandem {

/// For each pair of a batch one image and one text that do not belong to it, -1 where every other
/// pair shows the same.
struct HardNegatives {
  std::vector<int64_t> images;  ///< B: the image to match with text i.
  std::vector<int64_t> texts;   ///< B: the text to match with image i.
};

/// Draws negatives for the matching loss: text i gets image j with a probability that is
/// proportional to softmax_j(logits[j, i]) + 1e-4, image i gets text j in proportion to
/// softmax_j(logits[i, j]) + 1e-4, so that those which are hard to tell apart are drawn most.
/// `logits` is [B, B], images × texts; `same`, bool [B, B], says which pairs are never negatives,
/// the diagonal whatever it holds. Each draw follows from (seed, i) alone. Li et al., "BLIP",
/// arXiv:2201.12086, section 3.2.
[[nodiscard]] HardNegatives draw_hard_negatives(const torch::Tensor& logits,
                                                const torch::Tensor& same, uint64_t seed);

}  // namespace tandem
