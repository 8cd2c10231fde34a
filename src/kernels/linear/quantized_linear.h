#pragma once

#include <memory>

#include <torch/types.h>

namespace tandem::kernels {

/// A linear layer in 8 bits, for inference on the CPU: the weight is rounded once, with one scale
/// per output channel; x is rounded at each call, with one scale and zero point per row. Sums are
/// exact, the result is fp32. Immutable, so threads may share it.
///
/// LibTorch's own layer of this kind, quantized::linear_dynamic, has one scale for all of x, and
/// with oneDNN keeps it where several threads write it: they get each other's.
class QuantizedLinear {
 public:
  /// Returns the 8-bit form of weight [N, K] (fp32, CPU) and bias [N] or undefined; nothing where
  /// this LibTorch has no such products.
  [[nodiscard]] static std::shared_ptr<const QuantizedLinear> make(const torch::Tensor& weight,
                                                                   const torch::Tensor& bias);
  /// Whether x can be multiplied: fp32, on the CPU, outside autograd.
  [[nodiscard]] bool takes(const torch::Tensor& x) const;
  /// Returns about x · weightᵀ + bias, [..., N] for x [..., K].
  [[nodiscard]] torch::Tensor operator()(const torch::Tensor& x) const;

 private:
  QuantizedLinear() = default;

  torch::Tensor packed_;       // int8 [N, K], as oneDNN reads it
  torch::Tensor scales_;       // fp32 [N]
  torch::Tensor zeros_;        // int8 [N], the weight's zero points
  torch::Tensor weight_sums_;  // fp32 [N]
  torch::Tensor bias_;         // fp32 [N]
};

}  // namespace tandem::kernels
