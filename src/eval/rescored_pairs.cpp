#include "eval/rescored_pairs.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <torch/utils.h>

#include "eval/score_chunks.h"

namespace tandem {
namespace {

constexpr double kBehind = 1e6;  // What is taken from the scores of all keys but the best ones.

// The keys [K, D] that are most similar to each query [Q, D]: int64 [Q, k].
torch::Tensor best_keys(const torch::Tensor& queries, const torch::Tensor& keys, int64_t depth) {
  const int64_t k = std::min(depth, keys.size(0));
  std::vector<torch::Tensor> best;
  for_each_scores(queries, keys, [&](int64_t, const torch::Tensor& scores) {
    best.push_back(std::get<1>(scores.topk(k, 1)));
  });
  return torch::cat(best);
}

// The first text of each group: int64 [G].
torch::Tensor first_of_groups(const std::vector<int64_t>& group_of_text) {
  std::vector<int64_t> first;
  for (size_t text = 0; text < group_of_text.size(); ++text) {
    if (std::cmp_equal(group_of_text[text], first.size()))
      first.push_back(static_cast<int64_t>(text));
  }
  return torch::tensor(first, torch::kInt64);
}

std::vector<int64_t> numbers(const torch::Tensor& x) {
  const torch::Tensor dense = x.contiguous();
  return {dense.const_data_ptr<int64_t>(), dense.const_data_ptr<int64_t>() + dense.numel()};
}

}  // namespace

RescoredPairs::RescoredPairs(const RetrievalSet& set, const std::vector<int64_t>& group_of_text,
                             const Reranking& reranking)
    : group_of_text_(torch::tensor(group_of_text, torch::kInt64)) {
  const torch::Tensor first_texts = first_of_groups(group_of_text);
  const torch::Tensor& images = set.image_embeddings;
  const torch::Tensor captions = set.text_embeddings.index_select(0, first_texts);  // [G, D]
  const int64_t N = images.size(0), G = captions.size(0);
  best_captions_ = best_keys(images, captions, reranking.depth);  // [N, k]
  best_images_ = best_keys(captions, images, reranking.depth);    // [G, k]

  // A pair is image · G + caption.
  const torch::Tensor from_images = best_captions_ + torch::arange(N).unsqueeze(1) * G;
  const torch::Tensor from_captions = best_images_ * G + torch::arange(G).unsqueeze(1);
  const torch::Tensor pairs = std::get<0>(
      torch::_unique(torch::cat({from_images.flatten(), from_captions.flatten()})));  // [P]
  const torch::Tensor pair_images = pairs.div(G, "floor"), pair_captions = pairs.remainder(G);
  torch::Tensor scores =
      reranking.score(numbers(pair_images), numbers(first_texts.index_select(0, pair_captions)))
          .to(torch::kFloat64);  // [P]
  scores += (images.index_select(0, pair_images) * captions.index_select(0, pair_captions)).sum(1);
  const auto scores_of = [&](const torch::Tensor& wanted) {
    return scores.index_select(0, torch::searchsorted(pairs, wanted.flatten())).view_as(wanted);
  };
  caption_scores_ = scores_of(from_images);
  image_scores_ = scores_of(from_captions);
}

void RescoredPairs::rescore_images(int64_t first, torch::Tensor& scores) const {
  const int64_t last = first + scores.size(0);
  const int64_t G = best_images_.size(0);
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  // The new scores by caption, then by text.
  const torch::Tensor better =
      torch::full({scores.size(0), G}, kNone, torch::kFloat64)
          .scatter(1, best_captions_.slice(0, first, last), caption_scores_.slice(0, first, last))
          .index_select(1, group_of_text_);  // [n, M]
  scores = torch::where(better.isnan(), scores.to(torch::kFloat64) - kBehind, better);
}

void RescoredPairs::rescore_texts(int64_t first, torch::Tensor& scores) const {
  const torch::Tensor groups = group_of_text_.slice(0, first, first + scores.size(0));
  scores = (scores.to(torch::kFloat64) - kBehind)
               .scatter(1, best_images_.index_select(0, groups),
                        image_scores_.index_select(0, groups));  // [n, N]
}

}  // namespace tandem
