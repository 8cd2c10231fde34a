#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

namespace tandem {

/// y = x · weightᵀ + bias. Unlike torch::nn::Linear it draws no numbers when made: weights hold
/// nothing until init_parameters or a checkpoint fills them.
class LinearImpl : public torch::nn::Module {
 public:
  LinearImpl(int64_t input_dim, int64_t output_dim, bool with_bias = true);
  /// Returns [..., output_dim] for x [..., input_dim].
  torch::Tensor forward(const torch::Tensor& x) const;

  torch::Tensor weight;  ///< [output_dim, input_dim]
  torch::Tensor bias;    ///< [output_dim], or undefined
};
TORCH_MODULE(Linear);

/// Fills every parameter of `module`: biases with 0, norms' weights with 1, everything else with
/// normal numbers of deviation `std` drawn from `generator`, in registration order. std = 0 takes
/// 1/√fan_in, the last dimension of the weight in question.
void init_parameters(torch::nn::Module& module, double std, at::Generator generator);

}  // namespace tandem
