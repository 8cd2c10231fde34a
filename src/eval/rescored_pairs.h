#pragma once

#include <cstdint>
#include <vector>

#include <torch/types.h>

#include "tandem/eval/retrieval.h"

namespace tandem {

/// The pairs of images and texts that a Reranking scores, and their new scores: for each image the
/// `depth` most similar captions, for each caption the `depth` most similar images. A caption is
/// one for all texts of its group.
class RescoredPairs {
 public:
  /// Scores the pairs. `group_of_text` has a number for each text of the set, from 0, without gaps.
  RescoredPairs(const RetrievalSet& set, const std::vector<int64_t>& group_of_text,
                const Reranking& reranking);

  /// Replace the similarities [n, K] of the images (texts) from number `first` on with all texts
  /// (images): the best keys of each get their new score, the others stay behind them in their
  /// order. The result is fp64.
  void rescore_images(int64_t first, torch::Tensor& scores) const;
  void rescore_texts(int64_t first, torch::Tensor& scores) const;

 private:
  torch::Tensor group_of_text_;  // int64 [M]
  torch::Tensor best_captions_;  // int64 [N, k]: of each image, and their scores.
  torch::Tensor caption_scores_;
  torch::Tensor best_images_;  // int64 [G, k]: of each caption, and their scores.
  torch::Tensor image_scores_;
};

}  // namespace tandem
