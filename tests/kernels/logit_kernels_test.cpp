// The loss's CUDA kernels, run on the host (cuda_on_host), beside their ATen forms.
#include "kernels/cuda/logit_tiles.cu"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>
#include <torch/types.h>

#include "kernels/tile_case.h"

namespace tandem::kernels {
namespace {

void add_by_kernel(const torch::Tensor& tile, const TileTerms& terms, const TileStats& stats) {
  const int64_t R = tile.size(0), C = tile.size(1);
  std::vector<cuda::Stat> row_parts(static_cast<size_t>(cuda::row_part_count(C) * R));
  std::vector<cuda::Stat> column_parts(static_cast<size_t>(cuda::column_part_count(R) * C));
  cuda::add_to_stats(rows_of(tile), terms.meaning(),
                     {.row_max = stats.rows.max.data_ptr<float>(),
                      .row_sum = stats.rows.sum.data_ptr<float>(),
                      .column_max = stats.columns.max.data_ptr<float>(),
                      .column_sum = stats.columns.sum.data_ptr<float>(),
                      .diagonal = stats.diagonal.data_ptr<float>(),
                      .row_parts = row_parts.data(),
                      .column_parts = column_parts.data()},
                     nullptr);
}

void expect_close(const torch::Tensor& left, const torch::Tensor& right, double tolerance = 1e-5) {
  EXPECT_TRUE(torch::allclose(left.to(torch::kFloat32), right, tolerance, tolerance / 10))
      << (left - right).abs().max();
}

cuda::GradientOut out_of(const torch::Tensor& gradient) {
  const bool in_bf16 = gradient.scalar_type() == torch::kBFloat16;
  return {gradient.data_ptr(), in_bf16 ? cuda::Number::kBf16 : cuda::Number::kFp32};
}

class LogitKernels : public testing::TestWithParam<TileCase> {};
INSTANTIATE_TEST_SUITE_P(Cases, LogitKernels, tile_cases());

TEST_P(LogitKernels, StatsEqualTheirAtenForm) {
  const TileCase& given = GetParam();
  const TileStats kernel = given.no_stats(), aten = given.no_stats();
  for (uint64_t seed = 1; seed < 3; ++seed) {
    add_by_kernel(given.products(seed), given.terms(), kernel);
    add_to_stats_aten(given.products(seed), given.terms(), aten);
  }
  expect_close(kernel.rows.log_sum_exp(), aten.rows.log_sum_exp());
  expect_close(kernel.columns.log_sum_exp(), aten.columns.log_sum_exp());
  expect_close(kernel.diagonal, aten.diagonal);
}

TEST_P(LogitKernels, SoftmaxGradientEqualsItsAtenForm) {
  const TileCase& given = GetParam();
  const TileTerms terms = given.terms();
  const SoftmaxShares of = given.shares(1);
  torch::Tensor expected = given.products(1);
  softmax_gradient_aten(expected, terms, of, expected);
  for (const auto dtype : {torch::kFloat32, torch::kBFloat16}) {
    const torch::Tensor tile = given.products(1);
    const torch::Tensor gradient = dtype == torch::kFloat32 ? tile : torch::empty_like(tile, dtype);
    cuda::softmax_gradient(rows_of(tile), terms.meaning(),
                           {.weights = {.row_max = of.rows.max.data_ptr<float>(),
                                        .row_weight = of.rows.weight.data_ptr<float>(),
                                        .column_max = of.columns.max.data_ptr<float>(),
                                        .column_weight = of.columns.weight.data_ptr<float>()},
                            .diagonal = of.diagonal.data_ptr<float>(),
                            .out = out_of(gradient)},
                           nullptr);
    expect_close(gradient, expected, dtype == torch::kFloat32 ? 1e-5 : 1e-2);
  }
}

TEST_P(LogitKernels, SigmoidGradientEqualsItsAtenForm) {
  const TileCase& given = GetParam();
  TileTerms terms = given.terms();
  terms.bias = torch::tensor(-10.0F);
  torch::Tensor expected = given.products(1);
  const SigmoidSums sums{torch::zeros({given.rows}), torch::zeros({given.rows})};
  sigmoid_gradient_aten(expected, terms, sums, expected);
  for (const auto dtype : {torch::kFloat32, torch::kBFloat16}) {
    const torch::Tensor tile = given.products(1);
    const torch::Tensor gradient = dtype == torch::kFloat32 ? tile : torch::empty_like(tile, dtype);
    const torch::Tensor parts = torch::zeros({2, cuda::row_part_count(given.columns), given.rows});
    cuda::sigmoid_gradient(rows_of(tile), terms.meaning(),
                           {.loss_parts = parts[0].data_ptr<float>(),
                            .slope_parts = parts[1].data_ptr<float>(),
                            .out = out_of(gradient)},
                           nullptr);
    expect_close(gradient, expected, dtype == torch::kFloat32 ? 1e-5 : 1e-2);
    expect_close(parts[0].sum(0), sums.loss);
    expect_close(parts[1].sum(0), sums.slope);
  }
}

TEST(LogitKernels, NaNIsNotLost) {
  const TileCase given{2, 9, 100};
  const torch::Tensor tile = given.products(1);
  tile[1][4] = NAN;
  const TileStats stats = given.no_stats();
  add_by_kernel(tile, given.terms(), stats);
  EXPECT_TRUE(stats.rows.log_sum_exp()[1].isnan().item<bool>());
  EXPECT_FALSE(stats.rows.log_sum_exp()[0].isnan().item<bool>());
  EXPECT_TRUE(stats.columns.log_sum_exp()[4].isnan().item<bool>());
}

}  // namespace
}  // namespace tandem::kernels
