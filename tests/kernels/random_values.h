/// Inputs of the kernels' tests.
#pragma once

#include <torch/types.h>
#include <torch/utils.h>

#include "tandem/core/device.h"

namespace tandem::kernels {

/// `sizes` normal values times `scale`, drawn by `seed`, fp32.
inline torch::Tensor random_values(at::IntArrayRef sizes, uint64_t seed, double scale = 1.0) {
  return torch::randn(sizes, make_generator(torch::kCPU, seed)) * scale;
}

}  // namespace tandem::kernels
