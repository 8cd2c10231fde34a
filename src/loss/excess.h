#pragma once

#include "loss/logit_matrix.h"

namespace tandem {

/// How far the log-sum-exp of each row and column lies above the diagonal: fp32 [N] each. Taken
/// apart from the diagonal it keeps its digits where the loss is small.
struct Excess {
  torch::Tensor rows;     ///< log Σ_j exp(logits_ij - logits_ii)
  torch::Tensor columns;  ///< log Σ_i exp(logits_ij - logits_jj)
};

/// Returns it for a square matrix without bias, differentiable in image, text and scale. Pairs that
/// share a group are left out, except the diagonal.
[[nodiscard]] Excess excess_over_diagonal(const LogitMatrix& matrix);

}  // namespace tandem
