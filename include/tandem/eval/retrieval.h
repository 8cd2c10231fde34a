#pragma once

#include <cstdint>
#include <vector>

#include <torch/types.h>

namespace tandem {

/// Recall@1, 5 and 10 both ways: 1 for a query if any of its true partners is among the k nearest.
/// A query's rank is 1 + the number of wrong partners that score at least as high as its best true
/// one: a tie counts as wrong, so a collapsed model scores 0, and so does a similarity that is NaN.
struct RetrievalResult {
  double image_to_text[3] = {0, 0, 0};
  double text_to_image[3] = {0, 0, 0};
  double image_to_text_median_rank = 0;  ///< 1 is best.
  double text_to_image_median_rank = 0;
  int64_t images = 0;
  int64_t texts = 0;
};

/// Scores image_embeddings [N, D] against text_embeddings [M, D]. Text m belongs to image
/// text_owner[m]. Texts with equal `text_group` are one caption of several images:
/// any of those images counts as true for it, and any of the group's texts for them; leave it
/// empty when all differ. Images without a text are only there to be found. Works in chunks: no N
/// × M matrix is kept. Throws kUsage for shapes, owners or sizes that do not fit, or nothing to
/// score.
[[nodiscard]] RetrievalResult score_retrieval(const torch::Tensor& image_embeddings,
                                              const torch::Tensor& text_embeddings,
                                              const std::vector<int64_t>& text_owner,
                                              const std::vector<int64_t>& text_group = {});

}  // namespace tandem
