#include "train/tasks/feature_queue.h"

#include <algorithm>

#include <torch/utils.h>

namespace tandem {

FeatureQueue::FeatureQueue(int64_t capacity, int64_t embed_dim, const torch::Device& device)
    : capacity_(capacity),
      held_{.image_embeddings = torch::zeros({capacity, embed_dim}, device),
            .text_embeddings = torch::zeros({capacity, embed_dim}, device),
            .image_groups = torch::zeros({capacity}, torch::kInt64),
            .text_groups = torch::zeros({capacity}, torch::kInt64)},
      pushed_(torch::zeros({}, torch::kInt64)) {}

void FeatureQueue::push(const PairFeatures& pairs) {
  const torch::NoGradGuard no_gradient;
  const int64_t B = pairs.image_groups.size(0);
  const int64_t skipped = std::max<int64_t>(B - capacity_, 0);
  const torch::Tensor places =
      (torch::arange(skipped, B) + pushed_).remainder(capacity_);  // [B - skipped]
  const auto put = [&](const torch::Tensor& to, const torch::Tensor& from) {
    to.index_copy_(0, places.to(to.device()), from.slice(0, skipped));
  };
  put(held_.image_embeddings, pairs.image_embeddings);
  put(held_.text_embeddings, pairs.text_embeddings);
  put(held_.image_groups, pairs.image_groups);
  put(held_.text_groups, pairs.text_groups);
  pushed_ += B;
}

PairFeatures FeatureQueue::pairs() const {
  const int64_t count = std::min(pushed_.item<int64_t>(), capacity_);
  return {.image_embeddings = held_.image_embeddings.slice(0, 0, count),
          .text_embeddings = held_.text_embeddings.slice(0, 0, count),
          .image_groups = held_.image_groups.slice(0, 0, count),
          .text_groups = held_.text_groups.slice(0, 0, count)};
}

TensorMap FeatureQueue::state() const {
  return {{"queue.image_embeddings", held_.image_embeddings},
          {"queue.text_embeddings", held_.text_embeddings},
          {"queue.image_groups", held_.image_groups},
          {"queue.text_groups", held_.text_groups},
          {"queue.pushed", pushed_}};
}

}  // namespace tandem
