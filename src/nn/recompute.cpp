#include "nn/recompute.h"

#include <algorithm>
#include <utility>

#include <torch/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/utils.h>

namespace tandem {
namespace {

using Run = std::function<torch::Tensor(const std::vector<torch::Tensor>&)>;

// What the backward pass needs to run forward again.
struct Call : torch::CustomClassHolder {
  Call(Run run_again, std::shared_ptr<DropoutStream> masks)
      : run(std::move(run_again)), stream(std::move(masks)) {
    if (stream) at = stream->position();
  }
  Run run;
  std::shared_ptr<DropoutStream> stream;
  DropoutStream::Position at;
};

struct Recompute : torch::autograd::Function<Recompute> {
  static torch::Tensor forward(torch::autograd::AutogradContext* context, at::TensorList inputs,
                               const c10::intrusive_ptr<Call>& call) {
    context->save_for_backward(inputs.vec());
    context->saved_data["call"] = c10::IValue::make_capsule(call);
    return call->run(inputs.vec());
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    const auto call =
        c10::static_intrusive_pointer_cast<Call>(context->saved_data["call"].toCapsule());
    const torch::AutoGradMode with_graph(true);
    std::vector<torch::Tensor> inputs = context->get_saved_variables();
    for (torch::Tensor& each : inputs) each = each.detach().requires_grad_(each.requires_grad());
    DropoutStream::Position later;
    if (call->stream) {
      later = call->stream->position();
      call->stream->go_to(call->at);
    }
    const torch::Tensor y = call->run(inputs);
    if (call->stream) call->stream->go_to(later);
    torch::autograd::backward({y}, {gradients.front()});
    torch::autograd::variable_list found;
    for (const torch::Tensor& each : inputs) found.push_back(each.grad());
    found.emplace_back();  // of the call
    return found;
  }
};

}  // namespace

torch::Tensor recomputed(const Run& run, const std::vector<torch::Tensor>& inputs,
                         const std::shared_ptr<DropoutStream>& stream) {
  const bool learns =
      std::ranges::any_of(inputs, [](const torch::Tensor& each) { return each.requires_grad(); });
  if (!torch::GradMode::is_enabled() || !learns) return run(inputs);
  return Recompute::apply(at::TensorList(inputs), c10::make_intrusive<Call>(run, stream));
}

}  // namespace tandem
