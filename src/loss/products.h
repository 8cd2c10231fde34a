#pragma once

#include <torch/types.h>

namespace tandem {

/// Whether a device multiplies bf16 matrices with sums and results in fp32.
[[nodiscard]] bool multiplies_bf16(const torch::Device& device);

/// Puts a · b into `out` (fp32). Matrices in fp32, or in bf16 where the device multiplies them.
void multiply(torch::Tensor out, const torch::Tensor& a, const torch::Tensor& b);
/// Adds a · b to `out` (fp32).
void add_product(torch::Tensor out, const torch::Tensor& a, const torch::Tensor& b);

}  // namespace tandem
