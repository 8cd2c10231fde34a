#pragma once

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>

#include "tandem/core/device.h"

namespace tandem {

/// N random pairs of unit vectors, leaves of a graph, with a temperature that makes logits count.
struct RandomPairs {
  explicit RandomPairs(int64_t count, int64_t dim = 16)
      : image(rows(count, dim, 1)), text(rows(count, dim, 2)) {}

  static torch::Tensor rows(int64_t count, int64_t dim, uint64_t seed) {
    const torch::Tensor x = torch::randn({count, dim}, make_generator(torch::kCPU, seed));
    return (x / x.norm(2, -1, true)).requires_grad_();
  }
  [[nodiscard]] torch::Tensor logits() const { return scale.exp() * image.matmul(text.t()); }

  torch::Tensor image;
  torch::Tensor text;
  torch::Tensor scale = torch::tensor(2.5F, torch::requires_grad());
  torch::Tensor bias = torch::tensor(-2.0F, torch::requires_grad());
};

/// Expects two losses of one set of leaves to agree, and their gradients with them.
inline void expect_same(const torch::Tensor& loss, const torch::Tensor& expected,
                        const std::vector<torch::Tensor>& leaves) {
  EXPECT_TRUE(torch::allclose(loss, expected, 1e-5, 1e-6)) << loss << " and " << expected;
  const auto left = torch::autograd::grad({loss}, leaves);
  const auto right = torch::autograd::grad({expected}, leaves);
  for (size_t i = 0; i < leaves.size(); ++i) {
    EXPECT_TRUE(torch::allclose(left[i], right[i], 1e-4, 1e-6))
        << "gradient " << i << ": off by " << (left[i] - right[i]).abs().max();
  }
}

/// bool [N, N]: pairs that share a group, the diagonal included.
inline torch::Tensor are_duplicates(const torch::Tensor& image_groups,
                                    const torch::Tensor& text_groups) {
  return (image_groups.unsqueeze(1) == image_groups) | (text_groups.unsqueeze(1) == text_groups);
}

}  // namespace tandem
