#include "train/step/part_gradients.h"

#include <torch/autograd.h>
#include <torch/utils.h>

#include "kernels/parallel.h"

namespace tandem {

std::vector<torch::Tensor> trained_parameters(const torch::nn::Module& module) {
  std::vector<torch::Tensor> trained;
  for (const torch::Tensor& each : module.parameters())
    if (each.requires_grad()) trained.push_back(each);
  return trained;
}

// Adds in the order of the parts, whichever ended first.
void add_gradients(const std::vector<torch::Tensor>& parameters,
                   const std::vector<torch::autograd::variable_list>& gradients) {
  const torch::NoGradGuard no_gradient;
  kernels::parallel_for(static_cast<int64_t>(parameters.size()), true, [&](int64_t p) {
    const auto place = static_cast<size_t>(p);
    torch::Tensor& sum = parameters[place].mutable_grad();
    for (const auto& of_part : gradients) {
      if (of_part.empty() || !of_part[place].defined()) continue;
      if (sum.defined()) {
        sum.add_(of_part[place]);
      } else {
        sum = of_part[place].clone();
      }
    }
  });
}

void for_each_part(size_t count, bool side_by_side, const std::function<void(size_t)>& body) {
  if (side_by_side) {
    kernels::parallel_slices(static_cast<int64_t>(count),
                             [&](int64_t i) { body(static_cast<size_t>(i)); });
  } else {
    for (size_t i = 0; i < count; ++i) body(i);
  }
}

void OutputGradients::add(const torch::Tensor& output, const torch::Tensor& gradient) {
  if (!output.requires_grad() || !gradient.defined()) return;
  outputs.push_back(output);
  gradients.push_back(gradient);
}

void backward_side_by_side(const torch::nn::Module& module,
                           const std::vector<OutputGradients>& parts) {
  const std::vector<torch::Tensor> parameters = trained_parameters(module);
  std::vector<torch::autograd::variable_list> gradients(parts.size());
  for_each_part(parts.size(), true, [&](size_t i) {
    if (parts[i].outputs.empty()) return;
    gradients[i] = torch::autograd::grad(parts[i].outputs, parameters, parts[i].gradients,
                                         /*retain_graph=*/false, /*create_graph=*/false,
                                         /*allow_unused=*/true);
  });
  add_gradients(parameters, gradients);
}

std::vector<torch::Tensor> backward_side_by_side(
    const torch::nn::Module& module, int64_t count,
    const std::function<torch::Tensor(int64_t)>& loss) {
  const std::vector<torch::Tensor> parameters = trained_parameters(module);
  std::vector<torch::autograd::variable_list> gradients(static_cast<size_t>(count));
  std::vector<torch::Tensor> losses(static_cast<size_t>(count));
  kernels::parallel_slices(count, [&](int64_t i) {
    const auto part = static_cast<size_t>(i);
    const torch::Tensor value = loss(i);
    losses[part] = value.detach();
    if (!value.requires_grad()) return;
    gradients[part] = torch::autograd::grad({value}, parameters, /*grad_outputs=*/{},
                                            /*retain_graph=*/false, /*create_graph=*/false,
                                            /*allow_unused=*/true);
  });
  add_gradients(parameters, gradients);
  return losses;
}

}  // namespace tandem
