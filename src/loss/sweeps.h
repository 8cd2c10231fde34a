#pragma once

#include "loss/logit_matrix.h"

namespace tandem {

/// What one sweep over a matrix of logits [R, C] finds.
struct MatrixStats {
  kernels::SoftmaxStats rows;     ///< [R]
  kernels::SoftmaxStats columns;  ///< [C]
  torch::Tensor diagonal;  ///< [R]: the logits of the diagonal, 0 in rows that do not meet it.
};
[[nodiscard]] MatrixStats stats_of(const LogitMatrix& matrix);

/// Returns the gradients that kernels::softmax_gradient gives, summed over the matrix. `shares` are
/// those of all its rows and columns.
[[nodiscard]] LogitGradients softmax_gradients(const LogitMatrix& matrix,
                                               const kernels::SoftmaxShares& shares);

/// The sigmoid loss of a matrix with its gradients, not yet divided by the number of pairs.
struct SigmoidSweep {
  /// Without `with_gradients`, `gradients` stay zero.
  explicit SigmoidSweep(const LogitMatrix& matrix, bool with_gradients = true);

  torch::Tensor loss;   ///< [R]
  torch::Tensor slope;  ///< [R]: the gradients with respect to the logits, summed.
  LogitGradients gradients;
};

}  // namespace tandem
