#include "tandem/loss/sigmoid_loss.h"

#include <torch/csrc/autograd/custom_function.h>
#include <torch/utils.h>

#include "loss/pairs.h"
#include "loss/sweeps.h"

namespace tandem {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct SigmoidOptions {
  kernels::GroupIds groups;
  kernels::Relation relation;
  TileShape shape;
  bool with_gradients;
};

struct SigmoidFunction : torch::autograd::Function<SigmoidFunction> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& image,
                               const torch::Tensor& text, const torch::Tensor& scale,
                               const torch::Tensor& bias, const SigmoidOptions& options) {
    const LogitMatrix matrix{.image = image,
                             .text = text,
                             .scale = scale,
                             .bias = bias,
                             .groups = options.groups,
                             .relation = options.relation,
                             .tile = options.shape};
    const SigmoidSweep sweep(matrix, options.with_gradients);
    if (options.with_gradients) {
      const LogitGradients& sums = sweep.gradients;
      context->save_for_backward({sums.image(), sums.text(), sums.scale(), sweep.slope.sum()});
    }
    return sweep.loss.sum();
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
  const torch::Tensor bias = logit_bias.to(logits.options().dtype()).reshape({});
  const int64_t N = logits.image.size(0);
  const bool with_gradients = torch::GradMode::is_enabled() &&
                              (logits.image.requires_grad() || logits.text.requires_grad() ||
                               logits.scale.requires_grad() || bias.requires_grad());
  return SigmoidFunction::apply(
             logits.image, logits.text, logits.scale, bias,
             SigmoidOptions{.groups = pair_groups(groups, N).to(logits.image.device()),
                            .relation = groups.duplicates == Duplicates::kPositive
                                            ? kernels::Relation::kMatch
                                            : kernels::Relation::kMask,
                            .shape = logits.tile,
                            .with_gradients = with_gradients}) /
         static_cast<double>(N);
}

}  // namespace tandem
