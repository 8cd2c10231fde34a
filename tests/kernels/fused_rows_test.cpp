#include "kernels/rows/fused_rows.h"

#include <cmath>

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/cuda.h>
#include <torch/types.h>

#include "kernels/random_values.h"
#include "tandem/core/device.h"

namespace tandem::kernels {
namespace {

torch::Tensor leaf(const torch::Tensor& x, const torch::TensorOptions& options) {
  return x.to(options).requires_grad_();
}

TEST(FusedRows, AddLayerNormFollowsItsFormula) {
  const torch::Tensor x = random_values({5, 12}, 1), residual = random_values({5, 12}, 2);
  const NormParameters norm{
      .weight = random_values({12}, 3), .bias = random_values({12}, 4), .eps = 1e-3};
  const NormedSum found = add_layer_norm(x, residual, norm);
  const torch::Tensor sum = x + residual;
  const torch::Tensor centred = sum - sum.mean(1, true);
  const torch::Tensor variance = centred.square().mean(1, true);
  EXPECT_TRUE(torch::equal(found.sum, sum));
  EXPECT_TRUE(torch::allclose(
      found.normed, centred / (variance + norm.eps).sqrt() * norm.weight + norm.bias, 1e-5, 1e-6));
}

TEST(FusedRows, BiasActivationFollowsItsFormula) {
  const torch::Tensor x = random_values({4, 7}, 1), bias = random_values({7}, 2), y = x + bias;
  EXPECT_TRUE(torch::allclose(bias_activation(x, bias, Activation::kGelu),
                              y * (1 + torch::erf(y / std::sqrt(2.0))) / 2, 1e-5, 1e-6));
}

TEST(FusedRows, PatchesStandInReadingOrder) {
  const torch::Tensor images = torch::arange(2 * 3 * 4 * 4).view({2, 3, 4, 4}).to(torch::kUInt8);
  const torch::Tensor mean = torch::tensor({{1.0F}, {2.0F}, {3.0F}}),
                      std = torch::tensor({{2.0F}, {4.0F}, {8.0F}});
  const torch::Tensor found =
      patches(images, {.patch = 2, .mean = mean, .std = std, .dtype = torch::kFloat32});
  ASSERT_EQ(found.sizes(), (std::vector<int64_t>{8, 12}));
  // The second picture's patch below on the left; its third channel's second row, second value.
  const double byte = images[1][2][3][1].item<double>();
  EXPECT_FLOAT_EQ(found[6][11].item<float>(), static_cast<float>((byte - 3.0) / 8.0));
}

TEST(FusedRows, PatchesLeaveOutWhatDoesNotFillOne) {
  const torch::Tensor images = random_values({2, 3, 7, 7}, 1).mul(255).abs().to(torch::kUInt8);
  const PatchOptions options{.patch = 3,
                             .mean = torch::ones({3, 1}),
                             .std = torch::ones({3, 1}),
                             .dtype = torch::kFloat32};
  const torch::Tensor whole = images.slice(2, 0, 6).slice(3, 0, 6).contiguous();
  EXPECT_TRUE(torch::equal(patches(images, options), patches(whole, options)));
}

// Widths that packs fill and that they do not, the widest, and rows that fill no part.
class FusedRowsOnGpu : public testing::TestWithParam<std::tuple<int64_t, int64_t, bool>> {
 protected:
  void SetUp() override {
    if (!torch::cuda::is_available()) GTEST_SKIP() << "no CUDA device";
  }
  [[nodiscard]] torch::TensorOptions options() const {
    return torch::device(torch::kCUDA)
        .dtype(std::get<2>(GetParam()) ? torch::kBFloat16 : torch::kFloat32);
  }
  // Compares a fused form with the ATen form in fp32 of the same (rounded) inputs.
  void expect_close(const torch::Tensor& found, const torch::Tensor& expected) const {
    const double tolerance = std::get<2>(GetParam()) ? 2e-2 : 1e-4;
    const double worst = (found.to(torch::kFloat32) - expected).abs().max().item<double>();
    EXPECT_LT(worst, tolerance * expected.abs().max().item<double>());
  }
  const int64_t rows_ = std::get<0>(GetParam()), width_ = std::get<1>(GetParam());
};

TEST_P(FusedRowsOnGpu, AddLayerNormEqualsItsAtenForm_CUDA) {
  const std::vector<torch::Tensor> inputs = {leaf(random_values({rows_, width_}, 1), options()),
                                             leaf(random_values({rows_, width_}, 2), options()),
                                             leaf(random_values({width_}, 3), options()),
                                             leaf(random_values({width_}, 4), options())};
  std::vector<torch::Tensor> exact;
  for (const auto& each : inputs)
    exact.push_back(each.detach().to(torch::kFloat32).requires_grad_());
  const torch::Tensor pull = random_values({rows_, width_}, 5).to(torch::kCUDA);
  const auto run = [&](const auto& form, const std::vector<torch::Tensor>& in) {
    const NormedSum both =
        form(in[0], in[1], NormParameters{.weight = in[2], .bias = in[3], .eps = 1e-5});
    ((both.normed + 0.5 * both.sum) * pull).sum().backward();
    return both;
  };
  const NormedSum found = run(add_layer_norm, inputs), expected = run(add_layer_norm_aten, exact);
  expect_close(found.sum, expected.sum);
  expect_close(found.normed, expected.normed);
  for (size_t i = 0; i < inputs.size(); ++i) expect_close(inputs[i].grad(), exact[i].grad());
}

TEST_P(FusedRowsOnGpu, BiasActivationEqualsItsAtenForm_CUDA) {
  const torch::Tensor pull = random_values({rows_, width_}, 5).to(torch::kCUDA);
  for (const Activation activation :
       {Activation::kGelu, Activation::kGeluTanh, Activation::kQuickGelu}) {
    const torch::Tensor x = leaf(random_values({rows_, width_}, 1), options()),
                        bias = leaf(random_values({width_}, 2), options());
    const torch::Tensor exact_x = x.detach().to(torch::kFloat32, false, true).requires_grad_(),
                        exact_bias =
                            bias.detach().to(torch::kFloat32, false, true).requires_grad_();
    const torch::Tensor found = bias_activation(x, bias, activation),
                        expected = bias_activation_aten(exact_x, exact_bias, activation);
    (found * pull).sum().backward();
    (expected * pull).sum().backward();
    expect_close(found, expected);
    expect_close(x.grad(), exact_x.grad());
    expect_close(bias.grad(), exact_bias.grad());
  }
}

TEST_P(FusedRowsOnGpu, PatchesEqualTheirAtenForm_CUDA) {
  const auto on_gpu = [](const torch::Tensor& x) { return x.to(torch::kCUDA); };
  const torch::Tensor images =
      on_gpu(torch::randint(0, 256, {3, 3, 48, 48}, make_generator(torch::kCPU, 1), torch::kUInt8));
  PatchOptions cut{.patch = 0,
                   .mean = on_gpu(torch::tensor({{120.0F}, {110.0F}, {100.0F}})),
                   .std = on_gpu(torch::tensor({{60.0F}, {61.0F}, {62.0F}})),
                   .dtype = torch::kFloat32};
  for (const int64_t patch : {16, 7}) {
    cut.patch = patch;
    PatchOptions rounded = cut;
    rounded.dtype = options().dtype().toScalarType();
    expect_close(patches(images, rounded), patches_aten(images, cut));
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, FusedRowsOnGpu,
                         testing::Values(std::tuple{1, 8, false}, std::tuple{33, 257, false},
                                         std::tuple{70, 768, false}, std::tuple{33, 260, true},
                                         std::tuple{70, 768, true}, std::tuple{9, 4096, false}));

}  // namespace
}  // namespace tandem::kernels
