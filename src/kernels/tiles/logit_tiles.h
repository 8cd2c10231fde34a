#pragma once

#include <torch/types.h>

#include "kernels/tile_passes.h"

/// Passes over one tile of a large matrix of logits: what a loss needs of it before it is thrown
/// away. A tile comes as products [R, C], fp32 and contiguous, and is used up. Each pass has a form
/// for CPUs, a fused CUDA form, and one in ATen operators for every device; tests hold them equal.
/// On the CPU a tile may also be fp64, with everything else: the ATen form takes it.
namespace tandem::kernels {

/// Which picture and which text each row (or column) holds: int64 [n] each, or undefined where no
/// pair shares one.
struct GroupIds {
  torch::Tensor image;
  torch::Tensor text;
  [[nodiscard]] bool defined() const { return image.defined(); }
  [[nodiscard]] GroupIds slice(int64_t first, int64_t last) const;
  [[nodiscard]] GroupIds to(const torch::Device& device) const;
};

/// TileMeaning, of tensors.
struct TileTerms {
  torch::Tensor scale;      ///< fp32 scalar on the tile's device.
  torch::Tensor bias = {};  ///< Likewise, or undefined.
  int64_t shift = 0;
  GroupIds rows = {};
  GroupIds columns = {};
  Relation relation = Relation::kMask;

  /// The same in pointers, for the rows from `first` on.
  [[nodiscard]] TileMeaning meaning(int64_t first = 0) const;
};

/// Returns all rows of a tile. Throws c10::Error unless it is fp32 and contiguous.
[[nodiscard]] TileRows rows_of(const torch::Tensor& tile);

/// What is known so far of Σ exp over each row (or column): sum · exp(max). fp32 [n] each.
struct SoftmaxStats {
  torch::Tensor max;  ///< Starts at the lowest finite number.
  torch::Tensor sum;  ///< Starts at 0.

  static SoftmaxStats start(int64_t count, const torch::TensorOptions& options);
  [[nodiscard]] SoftmaxStats slice(int64_t first, int64_t last) const;
  /// log Σ exp, [n].
  [[nodiscard]] torch::Tensor log_sum_exp() const;
};

/// Adds a tile to the statistics of its rows [R] and columns [C], and puts the logits of its part
/// of the diagonal into `diagonal` [R], in place. Milakov and Gimelshein, "Online normalizer
/// calculation for softmax", arXiv:1805.02867.
struct TileStats {
  SoftmaxStats rows;
  SoftmaxStats columns;
  torch::Tensor diagonal;
};
void add_to_stats(const torch::Tensor& tile, const TileTerms& terms, const TileStats& stats);
void add_to_stats_aten(const torch::Tensor& tile, const TileTerms& terms, const TileStats& stats);

/// The greatest logit of each row (or column), and the gradient that arrives at its log-sum-exp
/// over its sum of exp(logit - max): fp32 [n] each. The logarithm is not put back together with the
/// maximum, because beside logits of a hundred it would lose the digits that make a row's weights
/// sum to one.
struct WeightedMax {
  torch::Tensor max;
  torch::Tensor weight;
  [[nodiscard]] WeightedMax slice(int64_t first, int64_t last) const;
};
/// Puts row.weight · exp(logit - row.max) + column.weight · exp(logit - column.max) into `gradient`
/// [R, C], less `diagonal` [R] on the diagonal. `gradient` is fp32, the tile itself perhaps, or on
/// a GPU bf16.
struct SoftmaxShares {
  WeightedMax rows;
  WeightedMax columns;
  torch::Tensor diagonal;
};
void softmax_gradient(const torch::Tensor& tile, const TileTerms& terms, const SoftmaxShares& of,
                      const torch::Tensor& gradient);
void softmax_gradient_aten(const torch::Tensor& tile, const TileTerms& terms,
                           const SoftmaxShares& of, const torch::Tensor& gradient);

/// Puts the gradient of Σ softplus(± logit), minus for matches, into `gradient` as above; adds that
/// sum over each row to `loss` [R] and the sum of gradients over each row to `slope` [R].
struct SigmoidSums {
  torch::Tensor loss;
  torch::Tensor slope;
};
void sigmoid_gradient(const torch::Tensor& tile, const TileTerms& terms, const SigmoidSums& sums,
                      const torch::Tensor& gradient);
void sigmoid_gradient_aten(const torch::Tensor& tile, const TileTerms& terms,
                           const SigmoidSums& sums, const torch::Tensor& gradient);

}  // namespace tandem::kernels
