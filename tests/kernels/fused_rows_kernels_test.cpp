// The CUDA kernels of fused rows, run on the host (cuda_on_host), beside their ATen forms.
#include "kernels/cuda/activations.cu"
#include "kernels/cuda/fused_rows.cu"

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>

#include "kernels/rows/fused_rows.h"
#include "tandem/core/device.h"

namespace tandem::kernels {
namespace {

// Widths that fill no warp evenly, one that makes the largest block, and rows that fill no part.
struct RowCase {
  int64_t rows;
  int64_t columns;
  bool in_bf16;
};

void PrintTo(const RowCase& each, std::ostream* to) {
  *to << each.rows << " x " << each.columns << (each.in_bf16 ? " in bf16" : " in fp32");
}

class RowKernels : public testing::TestWithParam<RowCase> {
 protected:
  // Numbers of the case's dtype, as a leaf.
  [[nodiscard]] torch::Tensor draw(at::IntArrayRef sizes, uint64_t seed) const {
    return torch::randn(sizes, make_generator(torch::kCPU, seed)).to(dtype_);
  }
  [[nodiscard]] torch::Tensor room(const torch::Tensor& like) const {
    return torch::empty_like(like, torch::dtype(dtype_));
  }
  // Compares with the ATen form in fp32 of the same (rounded) inputs.
  void expect_close(const torch::Tensor& found, const torch::Tensor& expected) const {
    const double tolerance = given_.in_bf16 ? 1e-2 : 1e-5;
    const double worst = (found.to(torch::kFloat32) - expected).abs().max().item<double>();
    EXPECT_LE(worst, tolerance * expected.abs().max().item<double>());
  }
  const RowCase given_ = GetParam();
  const torch::ScalarType dtype_ = given_.in_bf16 ? torch::kBFloat16 : torch::kFloat32;
  const cuda::RowShape shape_{given_.rows, given_.columns,
                              given_.in_bf16 ? cuda::Number::kBf16 : cuda::Number::kFp32};
};
INSTANTIATE_TEST_SUITE_P(Sizes, RowKernels,
                         testing::Values(RowCase{1, 8, false}, RowCase{33, 260, false},
                                         RowCase{70, 600, false}, RowCase{2, 4096, false},
                                         RowCase{33, 264, true}, RowCase{70, 1032, true}));

torch::Tensor exact(const torch::Tensor& x) {
  return x.detach().to(torch::kFloat32, false, true).requires_grad_();
}

TEST_P(RowKernels, AddLayerNormEqualsItsAtenForm) {
  const int64_t R = given_.rows, C = given_.columns;
  const torch::Tensor x = draw({R, C}, 1), residual = draw({R, C}, 2), weight = draw({C}, 3),
                      bias = draw({C}, 4);
  const torch::Tensor sum = room(x), normed = room(x);
  const torch::Tensor mean = torch::empty({R}), inverse = torch::empty({R});
  cuda::add_layer_norm(shape_,
                       {.x = x.data_ptr(),
                        .residual = residual.data_ptr(),
                        .weight = weight.data_ptr(),
                        .bias = bias.data_ptr(),
                        .sum = sum.data_ptr(),
                        .normed = normed.data_ptr(),
                        .mean = mean.data_ptr<float>(),
                        .inverse = inverse.data_ptr<float>(),
                        .eps = 1e-5F},
                       nullptr);
  const torch::Tensor in = exact(x), also_in = exact(residual), scale = exact(weight),
                      shift = exact(bias);
  const NormedSum expected =
      add_layer_norm_aten(in, also_in, {.weight = scale, .bias = shift, .eps = 1e-5});
  expect_close(sum, expected.sum);
  expect_close(normed, expected.normed);

  const torch::Tensor at_sum = draw({R, C}, 5), at_normed = draw({R, C}, 6), of_input = room(x);
  const torch::Tensor of_weight = torch::empty({cuda::part_count(R), C});
  const torch::Tensor of_bias = torch::empty_like(of_weight);
  cuda::add_layer_norm_backward(shape_,
                                {.sum = sum.data_ptr(),
                                 .weight = weight.data_ptr(),
                                 .mean = mean.data_ptr<float>(),
                                 .inverse = inverse.data_ptr<float>(),
                                 .sum_gradient = at_sum.data_ptr(),
                                 .normed_gradient = at_normed.data_ptr(),
                                 .input_gradient = of_input.data_ptr(),
                                 .weight_parts = of_weight.data_ptr<float>(),
                                 .bias_parts = of_bias.data_ptr<float>()},
                                nullptr);
  torch::autograd::backward({expected.sum, expected.normed},
                            {at_sum.to(torch::kFloat32), at_normed.to(torch::kFloat32)});
  expect_close(of_input, in.grad());
  expect_close(of_weight.sum(0), scale.grad());
  expect_close(of_bias.sum(0), shift.grad());
}

TEST_P(RowKernels, BiasActivationEqualsItsAtenForm) {
  const int64_t R = given_.rows, C = given_.columns;
  for (const Activation activation :
       {Activation::kGelu, Activation::kGeluTanh, Activation::kQuickGelu}) {
    const torch::Tensor x = draw({R, C}, 1), bias = draw({C}, 2), out = room(x), of_input = room(x);
    cuda::bias_activation(shape_, activation,
                          {.x = x.data_ptr(), .bias = bias.data_ptr(), .out = out.data_ptr()},
                          nullptr);
    const torch::Tensor in = exact(x), shift = exact(bias);
    const torch::Tensor expected = bias_activation_aten(in, shift, activation);
    expect_close(out, expected);

    const torch::Tensor arriving = draw({R, C}, 5);
    const torch::Tensor of_bias = torch::empty({cuda::part_count(R), C});
    cuda::bias_activation_backward(shape_, activation,
                                   {.x = x.data_ptr(),
                                    .bias = bias.data_ptr(),
                                    .gradient = arriving.data_ptr(),
                                    .input_gradient = of_input.data_ptr(),
                                    .bias_parts = of_bias.data_ptr<float>()},
                                   nullptr);
    expected.backward(arriving.to(torch::kFloat32));
    expect_close(of_input, in.grad());
    expect_close(of_bias.sum(0), shift.grad());
  }
}

// Pictures that patches do not fill, with patches that packs fill and that they do not.
TEST_P(RowKernels, PatchesEqualTheirAtenForm) {
  for (const auto& [size, patch] : {std::pair{48, 16}, {48, 32}, {24, 16}, {20, 7}}) {
    const torch::Tensor images =
        torch::randint(0, 256, {2, 3, size, size}, make_generator(torch::kCPU, 1), torch::kUInt8);
    const torch::Tensor mean = torch::tensor({{120.0F}, {110.0F}, {100.0F}}),
                        std = torch::tensor({{60.0F}, {61.0F}, {62.0F}});
    const torch::Tensor expected =
        patches_aten(images, {.patch = patch, .mean = mean, .std = std, .dtype = torch::kFloat32});
    const torch::Tensor out = room(expected);
    cuda::patches(
        {.count = 2, .channels = 3, .size = size, .patch = patch, .number = shape_.number},
        images.data_ptr<uint8_t>(), mean.data_ptr<float>(), std.data_ptr<float>(), out.data_ptr(),
        nullptr);
    expect_close(out, expected);
  }
}

// Where the mass beyond x is small, and where the formula's branches meet.
TEST(GeluKernel, IsExactToItsFormulasError) {
  const torch::Tensor x = torch::linspace(-12.0, 12.0, 4096).view({1, 4096});
  const torch::Tensor out = torch::empty_like(x), none = torch::zeros({4096});
  cuda::bias_activation({1, 4096, cuda::Number::kFp32}, Activation::kGelu,
                        {.x = x.data_ptr(), .bias = none.data_ptr(), .out = out.data_ptr()},
                        nullptr);
  const torch::Tensor exact = at::gelu(x.to(torch::kFloat64));
  EXPECT_LT(((out - exact).abs() / (x.abs() + 1e-3)).max().item<double>(), 2.5e-7);
}

}  // namespace
}  // namespace tandem::kernels
