#pragma once

#include <torch/types.h>

#include "tandem/distributed/communicator.h"
#include "tandem/loss/duplicates.h"

namespace tandem {

struct ContrastiveLossOptions {
  double label_smoothing = 0.0;  ///< In [0, 1): the share of each target that is spread evenly over
                                 ///< all pairs (over those left, when duplicates are masked).
  PairGroups groups = {};
};

/// Returns the symmetric InfoNCE loss, a fp32 scalar: (CE(logits, diagonal) + CE(logitsᵀ,
/// diagonal)) / 2 with logits = exp(logit_scale) · image_embeddings · text_embeddingsᵀ, computed in
/// fp32, in fp64 where the embeddings are. Pair i is row i of both. At chance it is ln(N). van den
/// Oord et al., arXiv:1807.03748; Radford et al., arXiv:2103.00020, figure 3.
///
/// image_embeddings, text_embeddings: [N, D], used as they are (not normalised here); logit_scale:
/// scalar, a logarithm.
///
/// The logits are never held as a whole: memory is that of the inputs' fp32 form and of their
/// gradients, plus one tile, for any N; backward computes the tiles again. Gradients are exact and
/// can be taken once. Thread-safe. Throws c10::Error for shapes that do not fit.
[[nodiscard]] torch::Tensor contrastive_loss(const torch::Tensor& image_embeddings,
                                             const torch::Tensor& text_embeddings,
                                             const torch::Tensor& logit_scale,
                                             const ContrastiveLossOptions& options);
[[nodiscard]] torch::Tensor contrastive_loss(const torch::Tensor& image_embeddings,
                                             const torch::Tensor& text_embeddings,
                                             const torch::Tensor& logit_scale,
                                             double label_smoothing = 0.0);

/// The same loss over the pairs of all ranks. Each rank passes the embeddings of its own pairs: [B,
/// D], as many on every rank. Groups are those of all pairs, in the order of the ranks. Returns the
/// loss of the whole batch, the same on every rank. Its gradients with respect to the own
/// embeddings are those of that loss; those of logit_scale are this rank's share, so that gradients
/// of parameters summed over the ranks (not averaged) are those of one process with all pairs.
///
/// The ranks exchange embeddings, and the maximum and sum of exponentials of each row and column;
/// no gradients. Memory is O(world_size · B · D) and a tile. Collective, the backward pass is not.
[[nodiscard]] torch::Tensor contrastive_loss(const torch::Tensor& image_embeddings,
                                             const torch::Tensor& text_embeddings,
                                             const torch::Tensor& logit_scale,
                                             const ContrastiveLossOptions& options,
                                             Communicator& communicator);

}  // namespace tandem
