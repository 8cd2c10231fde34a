#pragma once

#include <torch/types.h>

namespace tandem {

/// Returns the rows of x [..., D] at Euclidean norm 1; rows of zeros stay.
inline torch::Tensor unit_norm(const torch::Tensor& x) {
  constexpr double kSmallest = 1e-12;
  return x / x.norm(2, -1, /*keepdim=*/true).clamp_min(kSmallest);
}

}  // namespace tandem
