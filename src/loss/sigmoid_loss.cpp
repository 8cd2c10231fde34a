#include "tandem/loss/sigmoid_loss.h"

#include <torch/csrc/autograd/custom_function.h>
#include <torch/utils.h>

#include "loss/pairs.h"

namespace tandem {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct SigmoidOptions {
  kernels::GroupIds groups;
  Duplicates duplicates;
  TileShape shape;
  bool with_gradients;
};

// Turns the sign of matching pairs' logits: every pair's loss is then softplus.
void turn_matches(const LogitTile& tile, const SigmoidOptions& options) {
  if (options.groups.image.defined() && options.duplicates == Duplicates::kPositive) {
    tile.mark(options.groups, kernels::Relation::kNegate);
  } else {
    tile.diagonal().neg_();
  }
}

void mask(const LogitTile& tile, const SigmoidOptions& options) {
  if (!options.groups.image.defined() || options.duplicates != Duplicates::kMask) return;
  const torch::Tensor kept = tile.diagonal().clone();
  tile.mark(options.groups, kernels::Relation::kMask);
  tile.diagonal().copy_(kept);
}

struct SigmoidFunction : torch::autograd::Function<SigmoidFunction> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& image,
                               const torch::Tensor& text, const torch::Tensor& scale,
                               const torch::Tensor& bias, const SigmoidOptions& options) {
    const LogitMatrix matrix{.image = image, .text = text, .scale = scale, .tile = options.shape};
    torch::Tensor row_sum = torch::zeros({image.size(0)}, image.options());
    torch::Tensor bias_gradient = torch::zeros({}, image.options());
    LogitGradients sums(matrix);
    for_each_tile(matrix, [&](const LogitTile& tile) {
      torch::Tensor values = tile.logits;
      values.add_(bias);
      mask(tile, options);
      turn_matches(tile, options);
      kernels::to_softplus_gradient(values, row_sum.slice(0, tile.row, tile.row_end()));
      if (!options.with_gradients) return;
      turn_matches(tile, options);
      bias_gradient.add_(values.sum());
      sums.add(tile);
    });
    if (options.with_gradients)
      context->save_for_backward({sums.image(), sums.text(), sums.scale(), bias_gradient});
    return row_sum.sum();
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    variable_list result = context->get_saved_variables();
    for (torch::Tensor& each : result) each = each * gradients[0];
    result.emplace_back();
    return result;
  }
};

}  // namespace

torch::Tensor sigmoid_loss(const torch::Tensor& image_embeddings,
                           const torch::Tensor& text_embeddings, const torch::Tensor& logit_scale,
                           const torch::Tensor& logit_bias, const PairGroups& groups) {
  const LogitMatrix logits = pair_logits(image_embeddings, text_embeddings, logit_scale);
  const torch::Tensor bias = logit_bias.to(torch::kFloat32).reshape({});
  const int64_t N = logits.image.size(0);
  const bool with_gradients = torch::GradMode::is_enabled() &&
                              (logits.image.requires_grad() || logits.text.requires_grad() ||
                               logits.scale.requires_grad() || bias.requires_grad());
  return SigmoidFunction::apply(
             logits.image, logits.text, logits.scale, bias,
             SigmoidOptions{.groups = pair_groups(groups, N, logits.image.device()),
                            .duplicates = groups.duplicates,
                            .shape = logits.tile,
                            .with_gradients = with_gradients}) /
         static_cast<double>(N);
}

}  // namespace tandem
