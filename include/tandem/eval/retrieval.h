#pragma once

#include <cstdint>
#include <functional>
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

/// Images and texts of which some belong together.
struct RetrievalSet {
  torch::Tensor image_embeddings;   ///< [N, D]
  torch::Tensor text_embeddings;    ///< [M, D]
  std::vector<int64_t> text_owner;  ///< M: the image that a text belongs to.
  /// M: texts with equal numbers are one caption of several images; empty when all differ. Any of
  /// those images counts as true for such a text, and any of the group's texts for them.
  std::vector<int64_t> text_group = {};
};

/// A second, more exact score for the best keys of each query, as BLIP ranks (Li et al.,
/// arXiv:2201.12086, section 4.1: the matching head's logit is added to the similarity).
struct Reranking {
  int64_t depth = 0;  ///< How many keys of each query get it; they stay ahead of the others.
  /// Returns what is added to the similarities of pairs, fp32 [P], given the images and the texts
  /// of these pairs, each pair once, sorted by image.
  std::function<torch::Tensor(const std::vector<int64_t>& images,
                              const std::vector<int64_t>& texts)>
      score = {};
};

/// Scores images against texts, both ways. Images without a text are only there to be found. Works
/// in chunks: no N × M matrix is kept. With a `reranking` of some depth, equal captions get the
/// score of the first one. Throws kUsage for shapes, owners or sizes that do not fit, or nothing to
/// score.
[[nodiscard]] RetrievalResult score_retrieval(const RetrievalSet& set,
                                              const Reranking& reranking = {});

}  // namespace tandem
