#pragma once

#include "kernels/tiles/logit_tiles.h"

/// The fused CUDA forms of kernels/tiles/logit_tiles.h, for tiles on a GPU.
namespace tandem::kernels::cuda {

void add_to_stats(const torch::Tensor& tile, const TileTerms& terms,
                  const kernels::TileStats& stats);
void softmax_gradient(const torch::Tensor& tile, const TileTerms& terms, const SoftmaxShares& of,
                      const torch::Tensor& gradient);
void sigmoid_gradient(const torch::Tensor& tile, const TileTerms& terms, const SigmoidSums& sums,
                      const torch::Tensor& gradient);

}  // namespace tandem::kernels::cuda
