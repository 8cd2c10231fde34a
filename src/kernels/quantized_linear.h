#pragma once

#include <memory>

#include <torch/types.h>

namespace tandem::kernels {

/// A linear layer in 8 bits, for inference on the CPU: the weight is rounded once, with one scale
/// per output channel; x is rounded at each call, with one scale and zero point for all of it.
/// Sums are exact, the result is fp32. Immutable, so threads may share it.
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
  explicit QuantizedLinear(c10::IValue packed) : packed_(std::move(packed)) {}

  c10::IValue packed_;
};

}  // namespace tandem::kernels
