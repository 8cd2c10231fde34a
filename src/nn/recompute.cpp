#include "nn/recompute.h"

#include <utility>

#include <torch/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/utils.h>

namespace tandem {
namespace {

using Run = std::function<torch::Tensor(const torch::Tensor&)>;

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
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& x,
                               const c10::intrusive_ptr<Call>& call) {
    context->save_for_backward({x});
    context->saved_data["call"] = c10::IValue::make_capsule(call);
    return call->run(x);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    const auto call =
        c10::static_intrusive_pointer_cast<Call>(context->saved_data["call"].toCapsule());
    const torch::AutoGradMode with_graph(true);
    torch::Tensor x = context->get_saved_variables().front().detach().requires_grad_();
    DropoutStream::Position later;
    if (call->stream) {
      later = call->stream->position();
      call->stream->go_to(call->at);
    }
    const torch::Tensor y = call->run(x);
    if (call->stream) call->stream->go_to(later);
    torch::autograd::backward({y}, {gradients.front()});
    return {x.grad(), torch::Tensor()};
  }
};

}  // namespace

torch::Tensor recomputed(const Run& run, const torch::Tensor& x,
                         const std::shared_ptr<DropoutStream>& stream) {
  if (!torch::GradMode::is_enabled() || !x.requires_grad()) return run(x);
  return Recompute::apply(x, c10::make_intrusive<Call>(run, stream));
}

}  // namespace tandem
