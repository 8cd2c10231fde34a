#include "tandem/loss/contrastive_loss.h"

#include <ATen/ops/cross_entropy_loss.h>

namespace tandem {

torch::Tensor contrastive_loss(const torch::Tensor& image_embeddings,
                               const torch::Tensor& text_embeddings,
                               const torch::Tensor& logit_scale, double label_smoothing) {
  TORCH_CHECK(image_embeddings.dim() == 2 && image_embeddings.sizes() == text_embeddings.sizes(),
              "expected two [N, D] tensors, got ", image_embeddings.sizes(), " and ",
              text_embeddings.sizes());
  const torch::Tensor image = image_embeddings.to(torch::kFloat32);
  const torch::Tensor text = text_embeddings.to(torch::kFloat32);
  const torch::Tensor logits =
      logit_scale.to(torch::kFloat32).exp() * torch::matmul(image, text.t());  // [N, N]
  const torch::Tensor diagonal =
      torch::arange(logits.size(0), logits.options().dtype(torch::kInt64));
  const auto cross_entropy = [&](const torch::Tensor& rows) {
    return at::cross_entropy_loss(rows, diagonal, {}, at::Reduction::Mean, -100, label_smoothing);
  };
  return (cross_entropy(logits) + cross_entropy(logits.t())) / 2;
}

}  // namespace tandem
