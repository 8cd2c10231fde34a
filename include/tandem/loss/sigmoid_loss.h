#pragma once

#include <torch/types.h>

#include "tandem/distributed/communicator.h"
#include "tandem/loss/duplicates.h"

namespace tandem {

/// Returns SigLIP's loss, a fp32 scalar: -Σ_ij log σ(z_ij · (exp(logit_scale) · image_i · text_j +
/// logit_bias)) / N, where z is 1 for a pair's own picture and text and -1 elsewhere. Duplicates
/// count as non-matching (kKeep), not at all (kMask) or as matching (kPositive). Zhai et al.,
/// arXiv:2303.15343, algorithm 1.
///
/// image_embeddings, text_embeddings: [N, D], used as they are; logit_scale (a logarithm),
/// logit_bias: scalars. fp32 arithmetic, memory and thread-safety as contrastive_loss; the
/// gradients are computed in the same sweep.
[[nodiscard]] torch::Tensor sigmoid_loss(const torch::Tensor& image_embeddings,
                                         const torch::Tensor& text_embeddings,
                                         const torch::Tensor& logit_scale,
                                         const torch::Tensor& logit_bias,
                                         const PairGroups& groups = {});

/// The same loss over the pairs of all ranks, as the contrastive_loss of several ranks; the
/// gradient of logit_bias is this rank's share, too. The ranks exchange embeddings only.
[[nodiscard]] torch::Tensor sigmoid_loss(const torch::Tensor& image_embeddings,
                                         const torch::Tensor& text_embeddings,
                                         const torch::Tensor& logit_scale,
                                         const torch::Tensor& logit_bias, const PairGroups& groups,
                                         Communicator& communicator);

}  // namespace tandem
