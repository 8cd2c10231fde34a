#include "kernels/tiles/logit_tiles.h"

#include <cmath>

#include <gtest/gtest.h>
#include <torch/cuda.h>
#include <torch/types.h>

#include "kernels/tile_case.h"

namespace tandem::kernels {
namespace {

// fp32 sums of some hundred terms.
void expect_close(const torch::Tensor& left, const torch::Tensor& right) {
  EXPECT_TRUE(torch::allclose(left, right, 1e-5, 1e-6)) << (left - right).abs().max();
}

class Tiles : public testing::TestWithParam<TileCase> {};
INSTANTIATE_TEST_SUITE_P(Cases, Tiles, tile_cases());

TEST_P(Tiles, StatsOfTwoTilesGiveTheLogSumExpOfBoth) {
  const TileCase& given = GetParam();
  if (given.grouped) return;
  const auto sum_up = [&](auto add) {
    const torch::Tensor left = given.products(1), right = given.products(2) + 3.0;
    const torch::Tensor both = 10.0 * torch::cat({left, right}, 1);
    const TileStats stats = given.no_stats(), later = given.no_stats();
    add(left.clone(), given.terms(), stats);
    add(right.clone(), given.terms(), {stats.rows, later.columns, later.diagonal});
    expect_close(stats.rows.log_sum_exp(), both.logsumexp(1));
    expect_close(stats.columns.log_sum_exp(), (10.0 * left).logsumexp(0));
    expect_close(later.columns.log_sum_exp(), (10.0 * right).logsumexp(0));
  };
  sum_up(add_to_stats);
  sum_up(add_to_stats_aten);
}

TEST_P(Tiles, StatsEqualTheirAtenForm) {
  const TileCase& given = GetParam();
  const TileStats fused = given.no_stats(), aten = given.no_stats();
  add_to_stats(given.products(1), given.terms(), fused);
  add_to_stats_aten(given.products(1), given.terms(), aten);
  expect_close(fused.rows.log_sum_exp(), aten.rows.log_sum_exp());
  expect_close(fused.columns.log_sum_exp(), aten.columns.log_sum_exp());
  expect_close(fused.diagonal, aten.diagonal);
}

TEST_P(Tiles, SoftmaxGradientEqualsItsAtenForm) {
  const TileCase& given = GetParam();
  torch::Tensor fused = given.products(1), aten = fused.clone();
  softmax_gradient(fused, given.terms(), given.shares(1), fused);
  softmax_gradient_aten(aten, given.terms(), given.shares(1), aten);
  expect_close(fused, aten);
}

TEST_P(Tiles, SigmoidGradientEqualsItsAtenForm) {
  const TileCase& given = GetParam();
  TileTerms terms = given.terms();
  for (const bool with_bias : {false, true}) {
    if (with_bias) terms.bias = torch::tensor(-10.0F);
    torch::Tensor fused = given.products(1), aten = fused.clone();
    const SigmoidSums fused_sums = given.no_sums(), aten_sums = given.no_sums();
    sigmoid_gradient(fused, terms, fused_sums, fused);
    sigmoid_gradient_aten(aten, terms, aten_sums, aten);
    expect_close(fused, aten);
    expect_close(fused_sums.loss, aten_sums.loss);
    expect_close(fused_sums.slope, aten_sums.slope);
  }
}

// One pair by one pair, as the papers write it.
TEST_P(Tiles, AtenFormsFollowTheirFormulas) {
  const TileCase& given = GetParam();
  const TileTerms terms = given.terms();
  const torch::Tensor products = given.products(1).to(torch::kFloat64);
  torch::Tensor gradient = given.products(1);
  const SigmoidSums sums = given.no_sums();
  sigmoid_gradient_aten(gradient, terms, sums, gradient);
  torch::Tensor loss = torch::ones({given.rows}, torch::kFloat64);
  for (int64_t r = 0; r < given.rows; r += 7) {
    for (int64_t c = 0; c < given.columns; ++c) {
      const bool own = c == r + given.shift;
      const auto same = [&](const torch::Tensor& row, const torch::Tensor& column) {
        return row[r].item<int64_t>() == column[c].item<int64_t>();
      };
      const bool shares = given.grouped && (same(terms.rows.image, terms.columns.image) ||
                                            same(terms.rows.text, terms.columns.text));
      const bool masked = shares && !own && given.relation == Relation::kMask;
      const double sign = own || (shares && !masked) ? -1.0 : 1.0;
      const double turned = sign * 10.0 * products[r][c].item<double>();
      if (!masked) loss[r] += std::max(turned, 0.0) + std::log1p(std::exp(-std::abs(turned)));
      const double slope = masked ? 0.0 : sign / (1.0 + std::exp(-turned));
      ASSERT_NEAR(gradient[r][c].item<double>(), slope, 1e-6) << r << ", " << c;
    }
    ASSERT_NEAR(sums.loss[r].item<double>(), loss[r].item<double>(), 1e-5 * loss[r].item<double>());
  }
}

// The kernels' exponential is good to about 1e-6.
void expect_near_cpu(const torch::Tensor& gpu, const torch::Tensor& cpu) {
  EXPECT_TRUE(torch::allclose(gpu.cpu(), cpu, 1e-4, 1e-5)) << (gpu.cpu() - cpu).abs().max();
}

TileTerms on_gpu(const TileTerms& terms) {
  return {.scale = terms.scale.cuda(),
          .bias = terms.bias.defined() ? terms.bias.cuda() : terms.bias,
          .shift = terms.shift,
          .rows = terms.rows.to(torch::kCUDA),
          .columns = terms.columns.to(torch::kCUDA),
          .relation = terms.relation};
}

TEST_P(Tiles, EqualTheFormForCpus_CUDA) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no CUDA device";
  const TileCase& given = GetParam();
  TileTerms terms = given.terms();
  const TileStats cpu = given.no_stats();
  const TileStats gpu{.rows = {cpu.rows.max.cuda(), cpu.rows.sum.cuda()},
                      .columns = {cpu.columns.max.cuda(), cpu.columns.sum.cuda()},
                      .diagonal = cpu.diagonal.cuda()};
  for (uint64_t seed = 1; seed < 3; ++seed) {
    add_to_stats(given.products(seed), terms, cpu);
    add_to_stats(given.products(seed).cuda(), on_gpu(terms), gpu);
  }
  expect_near_cpu(gpu.rows.log_sum_exp(), cpu.rows.log_sum_exp());
  expect_near_cpu(gpu.columns.log_sum_exp(), cpu.columns.log_sum_exp());
  expect_near_cpu(gpu.diagonal, cpu.diagonal);

  const SoftmaxShares of = given.shares(1);
  const SoftmaxShares of_gpu{.rows = {of.rows.max.cuda(), of.rows.weight.cuda()},
                             .columns = {of.columns.max.cuda(), of.columns.weight.cuda()},
                             .diagonal = of.diagonal.cuda()};
  torch::Tensor cpu_tile = given.products(1), gpu_tile = given.products(1).cuda();
  softmax_gradient(cpu_tile, terms, of, cpu_tile);
  softmax_gradient(gpu_tile, on_gpu(terms), of_gpu, gpu_tile);
  expect_near_cpu(gpu_tile, cpu_tile);

  terms.bias = torch::tensor(-10.0F);
  const SigmoidSums cpu_sums = given.no_sums();
  const SigmoidSums gpu_sums{cpu_sums.loss.cuda(), cpu_sums.slope.cuda()};
  sigmoid_gradient(cpu_tile = given.products(2), terms, cpu_sums, cpu_tile);
  sigmoid_gradient(gpu_tile = given.products(2).cuda(), on_gpu(terms), gpu_sums, gpu_tile);
  expect_near_cpu(gpu_tile, cpu_tile);
  expect_near_cpu(gpu_sums.loss, cpu_sums.loss);
  expect_near_cpu(gpu_sums.slope, cpu_sums.slope);
}

TEST(LogitTiles, RowsThatAreMaskedWholeAddNothing) {
  const TileCase given{2, 9, 100};
  TileTerms terms = given.terms();
  terms.rows = {torch::tensor({1, 2}), torch::tensor({3, 4})};
  terms.columns = {torch::ones({9}, torch::kInt64), torch::zeros({9}, torch::kInt64)};
  const TileStats stats = given.no_stats();
  add_to_stats(given.products(1), terms, stats);
  EXPECT_EQ(stats.rows.sum[0].item<float>(), 0.0F);
  expect_close(stats.columns.log_sum_exp(), 10.0 * given.products(1)[1]);
}

TEST(LogitTiles, NaNIsNotLost) {
  const TileCase given{2, 9, 100};
  const torch::Tensor tile = given.products(1);
  tile[1][4] = NAN;
  const TileStats stats = given.no_stats();
  add_to_stats(tile, given.terms(), stats);
  EXPECT_TRUE(stats.rows.log_sum_exp()[1].isnan().item<bool>());
  EXPECT_FALSE(stats.rows.log_sum_exp()[0].isnan().item<bool>());
}

}  // namespace
}  // namespace tandem::kernels
