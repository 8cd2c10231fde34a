#pragma once

#include <torch/types.h>

namespace tandem {

/// Returns the symmetric InfoNCE loss, a fp32 scalar: (CE(logits, diagonal) + CE(logitsᵀ,
/// diagonal)) / 2 with logits = exp(logit_scale) · image_embeddings · text_embeddingsᵀ, computed in
/// fp32 whatever the inputs' dtype. Pair i is row i of both. At chance it is ln(N). van den Oord et
/// al., arXiv:1807.03748; Radford et al., arXiv:2103.00020, figure 3.
///
/// image_embeddings, text_embeddings: [N, D], used as they are (not normalised here); logit_scale:
/// scalar, a logarithm. label_smoothing in [0, 1) spreads that share of each target evenly over all
/// N pairs.
[[nodiscard]] torch::Tensor contrastive_loss(const torch::Tensor& image_embeddings,
                                             const torch::Tensor& text_embeddings,
                                             const torch::Tensor& logit_scale,
                                             double label_smoothing = 0.0);

}  // namespace tandem
