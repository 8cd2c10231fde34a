#include "tandem/nn/linear.h"

#include <cmath>

namespace tandem {

LinearImpl::LinearImpl(int64_t input_dim, int64_t output_dim, bool with_bias) {
  weight = register_parameter("weight", torch::empty({output_dim, input_dim}));
  if (with_bias) bias = register_parameter("bias", torch::empty({output_dim}));
}

torch::Tensor LinearImpl::forward(const torch::Tensor& x) const {
  return at::linear(x, weight, bias);
}

void init_parameters(torch::nn::Module& module, double std, at::Generator generator) {
  const torch::NoGradGuard no_grad;
  for (auto& entry : module.named_parameters()) {
    torch::Tensor& parameter = entry.value();
    if (entry.key().ends_with("bias")) {
      parameter.zero_();
    } else if (entry.key().ends_with("norm.weight")) {
      parameter.fill_(1.0);
    } else {
      const double fan_in = static_cast<double>(parameter.size(-1));
      parameter.normal_(0.0, std > 0.0 ? std : 1.0 / std::sqrt(fan_in), generator);
    }
  }
}

}  // namespace tandem
