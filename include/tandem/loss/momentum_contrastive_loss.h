#pragma once

#include <torch/types.h>

namespace tandem {

/// What a model's embeddings are compared with: those of a slowly moving copy of the model (its
/// momentum twin), of the same batch and of earlier ones. All are fp32, on one device, and need no
/// gradient.
struct MomentumTargets {
  torch::Tensor image_embeddings = {};  ///< [B + Q, D]: of this batch, then of the queue.
  torch::Tensor text_embeddings = {};   ///< [B + Q, D]: likewise.
  /// bool [B, B + Q]: which of them show or say the same as pair i, itself included: pair i's
  /// target is spread over them evenly.
  torch::Tensor same = {};
  /// Share of the target that is what the twin itself finds: softmax(exp(logit_scale) · twin's
  /// image · twin's text).
  double soft_share = 0.0;
};

/// Returns the contrastive loss with momentum, an fp32 scalar: the mean of both directions' cross
/// entropies between softmax(exp(logit_scale) · image · target textᵀ), over all B + Q of them, and
/// (1 − soft_share) · evenly over `same` + soft_share · twin's softmax. image_embeddings and
/// text_embeddings: [B, D], of the model. logit_scale: a scalar logarithm. Li et al., "Align before
/// Fuse", arXiv:2107.07651, section 3.3; He et al., "MoCo", arXiv:1911.05722, for the queue.
[[nodiscard]] torch::Tensor momentum_contrastive_loss(const torch::Tensor& image_embeddings,
                                                      const torch::Tensor& text_embeddings,
                                                      const torch::Tensor& logit_scale,
                                                      const MomentumTargets& targets);

}  // namespace tandem
