#pragma once

#include <torch/types.h>

namespace tandem::kernels {

/// Replaces x by x · sigmoid(1.702 · x), OpenAI's approximation of GELU, in one pass for inference
/// on the CPU: x is contiguous, and is_for_cpu_inference.
void quick_gelu_in_place(const torch::Tensor& x);

}  // namespace tandem::kernels
