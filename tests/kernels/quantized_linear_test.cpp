#include "kernels/linear/quantized_linear.h"

#include <cmath>

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kernels/random_values.h"
#include "kernels/several_threads.h"
#include "tandem/core/device.h"

namespace tandem::kernels {
namespace {

// The largest error, as a share of the largest value.
double worst(const torch::Tensor& found, const torch::Tensor& expected) {
  return ((found - expected).abs().max() / expected.abs().max()).item<double>();
}

TEST(QuantizedLinear, IsCloseToLinear) {
  const torch::Tensor weight = random_values({48, 96}, 1) / 10, bias = random_values({48}, 2);
  const auto quantized = QuantizedLinear::make(weight, bias);
  if (quantized == nullptr) GTEST_SKIP() << "this LibTorch has no 8-bit products";
  const torch::NoGradGuard no_grad;
  for (const int64_t rows : {1, 3, 200}) {
    const torch::Tensor x = random_values({rows, 96}, 3);
    ASSERT_TRUE(quantized->takes(x));
    const double error = worst((*quantized)(x), at::linear(x, weight, bias));
    EXPECT_LT(error, 0.03);
    EXPECT_GT(error, 0.0);  // 8 bits were used
  }
}

TEST(QuantizedLinear, ScalesEveryOutputByItself) {
  torch::Tensor weight = random_values({4, 64}, 1);
  weight[2].mul_(1e-4);  // with one scale for all, this row would vanish
  const auto quantized = QuantizedLinear::make(weight, {});
  if (quantized == nullptr) GTEST_SKIP() << "this LibTorch has no 8-bit products";
  const torch::NoGradGuard no_grad;
  const torch::Tensor x = random_values({2, 5, 64}, 2), expected = at::linear(x, weight);
  const torch::Tensor found = (*quantized)(x);
  EXPECT_EQ(found.sizes(), expected.sizes());
  EXPECT_LT(worst(found.select(2, 2), expected.select(2, 2)), 0.03);
}

TEST(QuantizedLinear, ScalesEveryRowByItself) {
  const torch::Tensor weight = random_values({16, 64}, 1);
  const auto quantized = QuantizedLinear::make(weight, {});
  if (quantized == nullptr) GTEST_SKIP() << "this LibTorch has no 8-bit products";
  const torch::NoGradGuard no_grad;
  torch::Tensor x = random_values({4, 64}, 2);
  x[1].mul_(1e6);  // Beside it the others would vanish.
  x[2].add_(100.0);
  x[3].zero_();
  const torch::Tensor found = (*quantized)(x), expected = at::linear(x, weight);
  for (const int64_t row : {0, 1, 2}) EXPECT_LT(worst(found[row], expected[row]), 0.03) << row;
  EXPECT_TRUE(torch::equal(found[3], expected[3]));
}

TEST(QuantizedLinear, GivesEveryThreadItsOwnNumbers) {
  const torch::Tensor weight = random_values({48, 96}, 1);
  const auto quantized = QuantizedLinear::make(weight, {});
  if (quantized == nullptr) GTEST_SKIP() << "this LibTorch has no 8-bit products";
  expect_right_on_threads([&](int thread) {
    const torch::Tensor x = random_values({20, 96}, 10 + thread) * std::pow(10.0, thread);
    const torch::Tensor expected = at::linear(x, weight);
    return [=] {
      const torch::NoGradGuard no_grad;
      return worst((*quantized)(x), expected) <= 0.03;
    };
  });
}

TEST(QuantizedLinear, KeepsWhatIsNotFinite) {
  const auto quantized = QuantizedLinear::make(random_values({16, 64}, 1), {});
  if (quantized == nullptr) GTEST_SKIP() << "this LibTorch has no 8-bit products";
  const torch::NoGradGuard no_grad;
  for (const float value : {NAN, INFINITY}) {
    torch::Tensor x = random_values({2, 64}, 2);
    x[0][7] = value;
    const torch::Tensor found = (*quantized)(x);
    EXPECT_TRUE(torch::isnan(found[0]).all().item<bool>()) << value;
    EXPECT_TRUE(torch::isfinite(found[1]).all().item<bool>()) << value;
  }
}

TEST(QuantizedLinear, DoesNotOverflowOnLargeValuesOfOneSign) {
  const torch::Tensor weight = torch::ones({8, 512}), x = torch::full({3, 512}, 5.0);
  const auto quantized = QuantizedLinear::make(weight, {});
  if (quantized == nullptr) GTEST_SKIP() << "this LibTorch has no 8-bit products";
  const torch::NoGradGuard no_grad;
  EXPECT_TRUE(torch::allclose((*quantized)(x), at::linear(x, weight), 0.02, 0.0));
}

TEST(QuantizedLinear, LeavesAutogradAndOtherPrecisionsAlone) {
  EXPECT_EQ(QuantizedLinear::make(random_values({8, 8}, 1).to(torch::kBFloat16), {}), nullptr);
  const auto quantized = QuantizedLinear::make(random_values({8, 8}, 1), {});
  if (quantized == nullptr) GTEST_SKIP() << "this LibTorch has no 8-bit products";
  EXPECT_FALSE(quantized->takes(random_values({2, 8}, 2)));  // A graph may be wanted here.
  const torch::NoGradGuard no_grad;
  EXPECT_TRUE(quantized->takes(random_values({2, 8}, 2)));
}

}  // namespace
}  // namespace tandem::kernels
