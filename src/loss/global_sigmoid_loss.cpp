#include <torch/csrc/autograd/custom_function.h>
#include <torch/utils.h>

#include "loss/global_pairs.h"
#include "loss/pairs.h"
#include "loss/sweeps.h"
#include "tandem/loss/sigmoid_loss.h"

namespace tandem {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// This rank's share, its rows, with the gradients of the whole loss with respect to the own
// embeddings.
struct SigmoidShare : torch::autograd::Function<SigmoidShare> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& /*image*/,
                               const torch::Tensor& /*text*/, const torch::Tensor& /*scale*/,
                               const torch::Tensor& /*bias*/, const GlobalPairs& pairs) {
    const SigmoidSweep rows(pairs.rows), columns(pairs.columns);
    context->save_for_backward({rows.gradients.image(), columns.gradients.text(),
                                rows.gradients.scale(), rows.slope.sum()});
    return rows.loss.sum();
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    variable_list result = context->get_saved_variables();
    for (torch::Tensor& each : result) each = each * gradients[0];
    result.resize(5);
    return result;
  }
};

}  // namespace

torch::Tensor sigmoid_loss(const torch::Tensor& image_embeddings,
                           const torch::Tensor& text_embeddings, const torch::Tensor& logit_scale,
                           const torch::Tensor& logit_bias, const PairGroups& groups,
                           Communicator& communicator) {
  if (communicator.world_size() == 1)
    return sigmoid_loss(image_embeddings, text_embeddings, logit_scale, logit_bias, groups);
  LogitMatrix local = pair_logits(image_embeddings, text_embeddings, logit_scale);
  local.bias = logit_bias.to(local.options().dtype()).reshape({});
  local.relation = groups.duplicates == Duplicates::kPositive ? kernels::Relation::kMatch
                                                              : kernels::Relation::kMask;
  const GlobalPairs pairs = gather_pairs(local, groups, communicator);
  const torch::Tensor share =
      SigmoidShare::apply(local.image, local.text, local.scale, local.bias, pairs);
  return sum_of_shares(share / static_cast<double>(pairs.count()), communicator);
}

}  // namespace tandem
