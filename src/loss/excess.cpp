#include "loss/excess.h"

#include <torch/csrc/autograd/custom_function.h>

#include "loss/sweeps.h"

namespace tandem {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct ExcessFunction : torch::autograd::Function<ExcessFunction> {
  static variable_list forward(AutogradContext* context, const torch::Tensor& image,
                               const torch::Tensor& text, const torch::Tensor& scale,
                               const kernels::GroupIds& masked, TileShape shape) {
    const LogitMatrix matrix{
        .image = image, .text = text, .scale = scale, .groups = masked, .tile = shape};
    const auto [rows, columns, diagonal] = stats_of(matrix);
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
                             .groups = {.image = saved[7], .text = saved[8]},
                             .tile = {context->saved_data["tile_rows"].toInt(),
                                      context->saved_data["tile_columns"].toInt()}};
    const kernels::WeightedMax rows{.max = saved[3], .weight = gradients[0] / saved[4]};
    const kernels::WeightedMax columns{.max = saved[5], .weight = gradients[1] / saved[6]};
    const torch::Tensor diagonal = gradients[0] + gradients[1];  // [N]
    const LogitGradients sums =
        softmax_gradients(matrix, {.rows = rows, .columns = columns, .diagonal = diagonal});
    return {sums.image(), sums.text(), sums.scale(), torch::Tensor(), torch::Tensor()};
  }
};

}  // namespace

Excess excess_over_diagonal(const LogitMatrix& matrix) {
  TORCH_CHECK(matrix.image.sizes() == matrix.text.sizes(), "expected a square matrix of logits");
  const variable_list outputs =
      ExcessFunction::apply(matrix.image, matrix.text, matrix.scale, matrix.groups, matrix.tile);
  return {.rows = outputs[0], .columns = outputs[1]};
}

}  // namespace tandem
