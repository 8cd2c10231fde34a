#pragma once

#include <utility>

#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include "tandem/nn/parameter_role.h"

namespace tandem {

/// y = (x − mean) / √(variance + eps) · weight + bias over the last dimension. Ba, Kiros, Hinton,
/// "Layer Normalization", arXiv:1607.06450. Made with weight 1 and bias 0; neither is decayed.
class LayerNormImpl : public ModuleWithRoles {
 public:
  LayerNormImpl(int64_t width, double eps);
  /// Returns [..., width], of x's dtype, for x [..., width]. Thread-safe.
  torch::Tensor forward(const torch::Tensor& x) const;

  /// Returns x + residual and forward(x + residual), in one pass where there is a fused form.
  /// Thread-safe.
  std::pair<torch::Tensor, torch::Tensor> add_and_norm(const torch::Tensor& x,
                                                       const torch::Tensor& residual) const;

  torch::Tensor weight;  ///< [width]
  torch::Tensor bias;    ///< [width]

 private:
  double eps_;
};
TORCH_MODULE(LayerNorm);

}  // namespace tandem
