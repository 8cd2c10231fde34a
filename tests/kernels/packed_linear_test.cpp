#include "kernels/linear/packed_linear.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kernels/random_values.h"
#include "kernels/several_threads.h"
#include "tandem/core/device.h"

namespace tandem::kernels {
namespace {

TEST(PackedLinear, EqualsLinearWithItsEpilogue) {
  const torch::Tensor weight = random_values({48, 96}, 1) / 10, bias = random_values({48}, 2);
  const auto packed = PackedLinear::make(weight, bias);
  if (packed == nullptr) GTEST_SKIP() << "this LibTorch has no packed products";
  const torch::NoGradGuard no_grad;
  for (const int64_t rows : {1, 3, 200}) {
    const torch::Tensor x = random_values({rows, 96}, 3), expected = at::linear(x, weight, bias);
    ASSERT_TRUE(packed->takes(x));
    EXPECT_TRUE(torch::allclose((*packed)(x), expected, 1e-4, 1e-5));
    EXPECT_TRUE(torch::allclose((*packed)(x, Epilogue::kGelu), at::gelu(expected), 1e-4, 1e-5));
    EXPECT_TRUE(
        torch::allclose((*packed)(x, Epilogue::kGeluTanh), at::gelu(expected, "tanh"), 1e-4, 1e-5));
  }
}

TEST(PackedLinear, GivesEveryThreadItsOwnNumbers) {
  const torch::Tensor weight = random_values({48, 96}, 1);
  const auto packed = PackedLinear::make(weight, {});
  if (packed == nullptr) GTEST_SKIP() << "this LibTorch has no packed products";
  expect_right_on_threads([&](int thread) {
    const torch::Tensor x = random_values({20, 96}, 10 + thread), expected = at::linear(x, weight);
    return [=] {
      const torch::NoGradGuard no_grad;
      return torch::allclose((*packed)(x), expected, 1e-4, 1e-4);
    };
  });
}

TEST(PackedLinear, DoesWithoutBiasAndTakesMoreDimensions) {
  const torch::Tensor weight = random_values({16, 32}, 1) / 10, x = random_values({2, 3, 32}, 2);
  const auto packed = PackedLinear::make(weight, {});
  if (packed == nullptr) GTEST_SKIP() << "this LibTorch has no packed products";
  const torch::NoGradGuard no_grad;
  EXPECT_TRUE(torch::allclose((*packed)(x), at::linear(x, weight), 1e-4, 1e-5));
}

TEST(PackedLinear, LeavesAutogradAndOtherPrecisionsAlone) {
  EXPECT_EQ(PackedLinear::make(random_values({8, 8}, 1).to(torch::kBFloat16), {}), nullptr);
  const auto packed = PackedLinear::make(random_values({8, 8}, 1), {});
  if (packed == nullptr) GTEST_SKIP() << "this LibTorch has no packed products";
  EXPECT_FALSE(packed->takes(random_values({2, 8}, 2)));  // A graph may be wanted here.
  const torch::NoGradGuard no_grad;
  EXPECT_TRUE(packed->takes(random_values({2, 8}, 2)));
  EXPECT_FALSE(packed->takes(random_values({2, 8}, 2).to(torch::kBFloat16)));
}

}  // namespace
}  // namespace tandem::kernels
