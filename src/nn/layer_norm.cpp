#include "tandem/nn/layer_norm.h"

#include "kernels/rows/fused_rows.h"

namespace tandem {

LayerNormImpl::LayerNormImpl(int64_t width, double eps) : eps_(eps) {
  weight = register_parameter("weight", torch::ones({width}), {.init = Init::kOnes});
  bias = register_parameter("bias", torch::zeros({width}), {.init = Init::kZeros});
}

torch::Tensor LayerNormImpl::forward(const torch::Tensor& x) const {
  return at::layer_norm(x, weight.sizes(), weight, bias, eps_);
}

std::pair<torch::Tensor, torch::Tensor> LayerNormImpl::add_and_norm(
    const torch::Tensor& x, const torch::Tensor& residual) const {
  auto [sum, normed] =
      kernels::add_layer_norm(x, residual, {.weight = weight, .bias = bias, .eps = eps_});
  return {std::move(sum), std::move(normed)};
}

}  // namespace tandem
