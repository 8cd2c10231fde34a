#pragma once

#include "loss/logit_matrix.h"
#include "tandem/distributed/communicator.h"
#include "tandem/loss/duplicates.h"

namespace tandem {

/// What a rank needs of the logits of all pairs [N, N], of which it holds B: its rows and its
/// columns. Nothing of it is differentiable.
struct GlobalPairs {
  torch::Tensor images;      ///< [N, D] of all ranks.
  torch::Tensor texts;       ///< [N, D] of all ranks.
  kernels::GroupIds groups;  ///< Of all pairs, where they lie; undefined without duplicates.
  LogitMatrix rows;          ///< Own images with all texts: [B, N].
  LogitMatrix columns;       ///< All images with own texts: [N, B].
  int64_t first;             ///< The number of the first own pair.

  [[nodiscard]] int64_t count() const { return images.size(0); }
  /// The part of `x`, [N, ...], that belongs to the own pairs.
  [[nodiscard]] torch::Tensor own(const torch::Tensor& x) const {
    return x.slice(0, first, first + rows.image.size(0));
  }
};

/// Gathers the embeddings of `local` from all ranks. `groups` are those of all N pairs; masked or
/// matching ones are given to the matrices, as `relation` says. Collective.
[[nodiscard]] GlobalPairs gather_pairs(const LogitMatrix& local, const PairGroups& groups,
                                       Communicator& communicator);

/// Returns the sum of `share` over all ranks, with the gradient of the own share.
[[nodiscard]] torch::Tensor sum_of_shares(const torch::Tensor& share, Communicator& communicator);

}  // namespace tandem
