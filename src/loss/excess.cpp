#include "loss/excess.h"

#include <torch/csrc/autograd/custom_function.h>

namespace tandem {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Leaves duplicates out, but for a pair with itself.
void mask(const LogitTile& tile, const kernels::GroupIds& masked) {
  if (!masked.image.defined()) return;
  const torch::Tensor kept = tile.diagonal().clone();
  tile.mark(masked, kernels::Relation::kMask);
  tile.diagonal().copy_(kept);
}

struct ExcessFunction : torch::autograd::Function<ExcessFunction> {
  static variable_list forward(AutogradContext* context, const torch::Tensor& image,
                               const torch::Tensor& text, const torch::Tensor& scale,
                               TileShape shape, const kernels::GroupIds& masked) {
    const LogitMatrix matrix{.image = image, .text = text, .scale = scale, .tile = shape};
    const int64_t N = image.size(0);
    const auto rows = kernels::SoftmaxStats::start(N, image.options());
    const auto columns = kernels::SoftmaxStats::start(N, image.options());
    torch::Tensor diagonal = torch::empty({N}, image.options());
    for_each_tile(matrix, [&](const LogitTile& tile) {
      mask(tile, masked);
      kernels::add_to_stats(tile.logits, rows.slice(tile.row, tile.row_end()),
                            columns.slice(tile.column, tile.column_end()));
      const torch::Tensor part = tile.diagonal();
      diagonal.narrow(0, std::min(tile.diagonal_start(), N - part.size(0)), part.size(0))
          .copy_(part);
    });
    context->save_for_backward({image, text, scale, rows.max, rows.sum, columns.max, columns.sum,
                                masked.image, masked.text});
    context->saved_data["tile_rows"] = shape.rows;
    context->saved_data["tile_columns"] = shape.columns;
    return {(rows.max - diagonal) + rows.sum.log(), (columns.max - diagonal) + columns.sum.log()};
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const LogitMatrix matrix{.image = saved[0],
                             .text = saved[1],
                             .scale = saved[2],
                             .tile = {context->saved_data["tile_rows"].toInt(),
                                      context->saved_data["tile_columns"].toInt()}};
    const kernels::GroupIds masked{.image = saved[7], .text = saved[8]};
    const torch::Tensor row_weight = gradients[0].contiguous();     // [N]
    const torch::Tensor column_weight = gradients[1].contiguous();  // [N]
    const torch::Tensor diagonal_weight = row_weight + column_weight;
    const torch::Tensor row_share = row_weight / saved[4], column_share = column_weight / saved[6];
    LogitGradients sums(matrix);
    for_each_tile(matrix, [&](const LogitTile& tile) {
      const auto of_rows = [&](const torch::Tensor& x) {
        return x.slice(0, tile.row, tile.row_end());
      };
      const auto of_columns = [&](const torch::Tensor& x) {
        return x.slice(0, tile.column, tile.column_end());
      };
      mask(tile, masked);
      kernels::to_softmax_gradient(
          tile.logits, {.max = of_rows(saved[3]), .weight = of_rows(row_share)},
          {.max = of_columns(saved[5]), .weight = of_columns(column_share)});
      torch::Tensor part = tile.diagonal();
      if (part.numel() > 0)
        part.sub_(diagonal_weight.narrow(0, tile.diagonal_start(), part.size(0)));
      sums.add(tile);
    });
    return {sums.image(), sums.text(), sums.scale(), torch::Tensor(), torch::Tensor()};
  }
};

}  // namespace

Excess excess_over_diagonal(const LogitMatrix& matrix, const kernels::GroupIds& masked) {
  TORCH_CHECK(matrix.image.sizes() == matrix.text.sizes(), "expected a square matrix of logits");
  const variable_list outputs =
      ExcessFunction::apply(matrix.image, matrix.text, matrix.scale, matrix.tile, masked);
  return {.rows = outputs[0], .columns = outputs[1]};
}

}  // namespace tandem
