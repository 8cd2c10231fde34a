#include "loss/sweeps.h"

#include <torch/utils.h>

namespace tandem {

MatrixStats stats_of(const LogitMatrix& matrix) {
  const int64_t R = matrix.image.size(0), C = matrix.text.size(0);
  MatrixStats stats{.rows = kernels::SoftmaxStats::start(R, matrix.options()),
                    .columns = kernels::SoftmaxStats::start(C, matrix.options()),
                    .diagonal = torch::zeros({R}, matrix.options())};
  for_each_tile(matrix, [&](const LogitTile& tile) {
    kernels::add_to_stats(tile.products, tile.terms,
                          {.rows = stats.rows.slice(tile.row, tile.row_end()),
                           .columns = stats.columns.slice(tile.column, tile.column_end()),
                           .diagonal = stats.diagonal.slice(0, tile.row, tile.row_end())});
  });
  return stats;
}

LogitGradients softmax_gradients(const LogitMatrix& matrix, const kernels::SoftmaxShares& shares) {
  LogitGradients sums(matrix);
  for_each_tile(matrix, [&](const LogitTile& tile) {
    const torch::Tensor gradient = sums.room_for(tile);
    kernels::softmax_gradient(tile.products, tile.terms,
                              {.rows = shares.rows.slice(tile.row, tile.row_end()),
                               .columns = shares.columns.slice(tile.column, tile.column_end()),
                               .diagonal = shares.diagonal.slice(0, tile.row, tile.row_end())},
                              gradient);
    sums.add(tile, gradient);
  });
  return sums;
}

SigmoidSweep::SigmoidSweep(const LogitMatrix& matrix, bool with_gradients)
    : loss(torch::zeros({matrix.image.size(0)}, matrix.options())),
      slope(torch::zeros_like(loss)),
      gradients(matrix) {
  for_each_tile(matrix, [&](const LogitTile& tile) {
    const torch::Tensor gradient = gradients.room_for(tile);
    kernels::sigmoid_gradient(tile.products, tile.terms,
                              {.loss = loss.slice(0, tile.row, tile.row_end()),
                               .slope = slope.slice(0, tile.row, tile.row_end())},
                              gradient);
    if (with_gradients) gradients.add(tile, gradient);
  });
}

}  // namespace tandem
