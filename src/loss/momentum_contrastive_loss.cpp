#include "tandem/loss/momentum_contrastive_loss.h"

#include <torch/utils.h>

namespace tandem {
namespace {

// The targets of B queries among B + Q keys.
torch::Tensor target_of(const torch::Tensor& twin_queries, const torch::Tensor& keys,
                        const torch::Tensor& scale, const MomentumTargets& targets) {
  const torch::NoGradGuard no_gradient;
  const torch::Tensor same = targets.same.to(keys.device(), torch::kFloat32);
  const torch::Tensor even = same / same.sum(1, /*keepdim=*/true);  // [B, B + Q]
  if (targets.soft_share == 0.0) return even;
  const torch::Tensor found = (twin_queries.matmul(keys.t()) * scale.exp()).softmax(1);
  return even * (1 - targets.soft_share) + found * targets.soft_share;
}

torch::Tensor cross_entropy(const torch::Tensor& queries, const torch::Tensor& keys,
                            const torch::Tensor& scale, const torch::Tensor& target) {
  const torch::Tensor logits = queries.matmul(keys.t()) * scale.exp();  // [B, B + Q]
  return -(logits.log_softmax(1) * target).sum(1).mean();
}

}  // namespace

torch::Tensor momentum_contrastive_loss(const torch::Tensor& image_embeddings,
                                        const torch::Tensor& text_embeddings,
                                        const torch::Tensor& logit_scale,
                                        const MomentumTargets& targets) {
  const int64_t B = image_embeddings.size(0);
  TORCH_CHECK(targets.same.dim() == 2 && targets.same.size(0) == B &&
                  targets.same.size(1) == targets.image_embeddings.size(0) &&
                  targets.same.size(1) == targets.text_embeddings.size(0),
              "expected `same` of shape [", B, ", ", targets.image_embeddings.size(0), "], got ",
              targets.same.sizes());
  const torch::Tensor image = image_embeddings.to(torch::kFloat32);
  const torch::Tensor text = text_embeddings.to(torch::kFloat32);
  const torch::Tensor scale = logit_scale.to(torch::kFloat32);
  const torch::Tensor text_target =
      target_of(targets.image_embeddings.slice(0, 0, B), targets.text_embeddings, scale, targets);
  const torch::Tensor image_target =
      target_of(targets.text_embeddings.slice(0, 0, B), targets.image_embeddings, scale, targets);
  return (cross_entropy(image, targets.text_embeddings, scale, text_target) +
          cross_entropy(text, targets.image_embeddings, scale, image_target)) /
         2;
}

}  // namespace tandem
