#pragma once

#include <memory>

#include <torch/types.h>

namespace tandem::kernels {

/// What follows a product in the same pass.
enum class Epilogue { kNone, kGelu, kGeluTanh };

/// Whether packed products are faster here than at::linear. It calls MKL, which is the faster of
/// the two on its maker's processors.
[[nodiscard]] bool packing_pays();

/// A linear layer's weight in the order in which oneDNN reads it, made once for inference on the
/// CPU. Its operators are private to LibTorch: where they are missing, or do not give at::linear's
/// numbers, there is no packed form. Immutable, so threads may share it.
class PackedLinear {
 public:
  /// Returns the packed form of weight [N, K] (fp32, CPU) and bias [N] or undefined; nothing where
  /// that cannot be had.
  [[nodiscard]] static std::shared_ptr<const PackedLinear> make(const torch::Tensor& weight,
                                                                const torch::Tensor& bias);
  /// Whether x can be multiplied: fp32, on the CPU, outside autograd.
  [[nodiscard]] bool takes(const torch::Tensor& x) const;
  /// Returns epilogue(x · weightᵀ + bias), [..., N] for x [..., K].
  [[nodiscard]] torch::Tensor operator()(const torch::Tensor& x,
                                         Epilogue epilogue = Epilogue::kNone) const;

 private:
  PackedLinear(torch::Tensor packed, torch::Tensor bias)
      : packed_(std::move(packed)), bias_(std::move(bias)) {}

  torch::Tensor packed_;
  torch::Tensor bias_;
};

}  // namespace tandem::kernels
