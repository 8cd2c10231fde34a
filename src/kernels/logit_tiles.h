#pragma once

#include <torch/types.h>

#include "kernels/tile_passes.h"

/// Passes over one tile [R, C] of a large matrix of logits, fp32 and contiguous: what a loss needs
/// of it before it is thrown away. Each has one form for CPUs, fused and vectorised, and one in
/// ATen operators for every device; a test holds them equal.
namespace tandem::kernels {

/// What is known so far of Σ exp over each row (or column): sum · exp(max). fp32 [n] each.
struct SoftmaxStats {
  torch::Tensor max;  ///< Starts at the lowest finite number.
  torch::Tensor sum;  ///< Starts at 0.

  static SoftmaxStats start(int64_t count, const torch::TensorOptions& options);
  [[nodiscard]] SoftmaxStats slice(int64_t first, int64_t last) const;
  /// log Σ exp, [n].
  [[nodiscard]] torch::Tensor log_sum_exp() const;
};

/// Adds a tile to the statistics of its rows [R] and columns [C], in place. Milakov and Gimelshein,
/// "Online normalizer calculation for softmax", arXiv:1805.02867.
void add_to_stats(const torch::Tensor& tile, SoftmaxStats rows, SoftmaxStats columns);
void add_to_stats_aten(const torch::Tensor& tile, SoftmaxStats rows, SoftmaxStats columns);

/// The greatest logit of each row (or column), and the gradient that arrives at its log-sum-exp
/// over its sum of exp(logit - max): fp32 [n] each. The logarithm is not put back together with the
/// maximum, because beside logits of a hundred it would lose the digits that make a row's weights
/// sum to one.
struct WeightedMax {
  torch::Tensor max;
  torch::Tensor weight;
};
/// Replaces a tile by row.weight · exp(tile - row.max) + column.weight · exp(tile - column.max).
void to_softmax_gradient(torch::Tensor tile, const WeightedMax& rows, const WeightedMax& columns);
void to_softmax_gradient_aten(torch::Tensor tile, const WeightedMax& rows,
                              const WeightedMax& columns);

/// Replaces a tile by sigmoid(tile) and adds softplus(tile), summed over columns, to row_sum [R].
void to_softplus_gradient(torch::Tensor tile, torch::Tensor row_sum);
void to_softplus_gradient_aten(torch::Tensor tile, torch::Tensor row_sum);

/// Which picture and which text each row (or column) holds: int64 [n] each.
struct GroupIds {
  torch::Tensor image;
  torch::Tensor text;
  [[nodiscard]] GroupIds slice(int64_t first, int64_t last) const;
};
/// Marks the pairs of a tile whose row and column have a group in common, as `relation` says.
void mark(torch::Tensor tile, const GroupIds& rows, const GroupIds& columns, Relation relation);
void mark_aten(torch::Tensor tile, const GroupIds& rows, const GroupIds& columns,
               Relation relation);

}  // namespace tandem::kernels
