#include "kernels/logit_tiles.h"

#include <gtest/gtest.h>
#include <torch/cuda.h>
#include <torch/types.h>

#include "tandem/core/device.h"

namespace tandem::kernels {
namespace {

torch::Tensor random(at::IntArrayRef sizes, uint64_t seed, double scale = 1.0) {
  return torch::randn(sizes, make_generator(torch::kCPU, seed)) * scale;
}

torch::Tensor random_ids(int64_t count, uint64_t seed) {
  return torch::randint(0, 4, {count}, make_generator(torch::kCPU, seed), torch::kInt64);
}

// fp32 sums of some hundred terms.
void expect_close(const torch::Tensor& left, const torch::Tensor& right) {
  EXPECT_TRUE(torch::allclose(left, right, 1e-5, 1e-6)) << (left - right).abs().max();
}

// Sizes that leave remainders in every direction: of vectors, of chunks of rows.
class Tiles : public ::testing::TestWithParam<std::pair<int64_t, int64_t>> {
 protected:
  torch::Tensor tile(uint64_t seed) const {
    return random({GetParam().first, GetParam().second}, seed, 20.0);
  }
  int64_t rows() const { return GetParam().first; }
  int64_t columns() const { return GetParam().second; }
};
INSTANTIATE_TEST_SUITE_P(Sizes, Tiles,
                         ::testing::Values(std::pair{1, 1}, std::pair{3, 7}, std::pair{64, 32},
                                           std::pair{65, 129}, std::pair{200, 77}));

TEST_P(Tiles, StatsOfTwoTilesGiveTheLogSumExpOfBoth) {
  const torch::Tensor left = tile(1), right = tile(2) + 30.0;
  const auto sum_up = [&](auto add) {
    const auto row_stats = SoftmaxStats::start(rows(), left.options());
    const auto left_stats = SoftmaxStats::start(columns(), left.options());
    const auto right_stats = SoftmaxStats::start(columns(), left.options());
    add(left, row_stats, left_stats);
    add(right, row_stats, right_stats);
    expect_close(row_stats.log_sum_exp(), torch::cat({left, right}, 1).logsumexp(1));
    expect_close(left_stats.log_sum_exp(), left.logsumexp(0));
    expect_close(right_stats.log_sum_exp(), right.logsumexp(0));
  };
  sum_up(add_to_stats);
  sum_up(add_to_stats_aten);
}

TEST_P(Tiles, SoftmaxGradientEqualsItsAtenForm) {
  torch::Tensor fused = tile(1), aten = fused.clone();
  const WeightedMax by_row{.max = fused.logsumexp(1), .weight = random({rows()}, 3)};
  const WeightedMax by_column{.max = fused.logsumexp(0), .weight = random({columns()}, 4)};
  to_softmax_gradient(fused, by_row, by_column);
  to_softmax_gradient_aten(aten, by_row, by_column);
  expect_close(fused, aten);
}

TEST_P(Tiles, SoftplusEqualsItsAtenForm) {
  torch::Tensor fused = tile(1), aten = fused.clone();
  torch::Tensor fused_sum = torch::ones({rows()}), aten_sum = torch::ones({rows()});
  to_softplus_gradient(fused, fused_sum);
  to_softplus_gradient_aten(aten, aten_sum);
  expect_close(fused, aten);
  expect_close(fused_sum, aten_sum);
}

TEST_P(Tiles, MarksEqualTheirAtenForm) {
  const GroupIds by_row{random_ids(rows(), 5), random_ids(rows(), 6)};
  const GroupIds by_column{random_ids(columns(), 7), random_ids(columns(), 8)};
  for (const Relation relation : {Relation::kMask, Relation::kNegate}) {
    torch::Tensor fused = tile(1), aten = fused.clone();
    mark(fused, by_row, by_column, relation);
    mark_aten(aten, by_row, by_column, relation);
    EXPECT_TRUE(torch::equal(fused, aten));
  }
}

// The kernels' exponential is good to about 1e-6.
void expect_near_cpu(const torch::Tensor& gpu, const torch::Tensor& cpu) {
  EXPECT_TRUE(torch::allclose(gpu.cpu(), cpu, 1e-4, 1e-5)) << (gpu.cpu() - cpu).abs().max();
}

TEST_P(Tiles, EqualTheFormForCpus_CUDA) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no CUDA device";
  const torch::Tensor cpu = tile(1), gpu = cpu.cuda();
  const auto on_cpu = [&](int64_t count) { return SoftmaxStats::start(count, cpu.options()); };
  const auto on_gpu = [&](int64_t count) { return SoftmaxStats::start(count, gpu.options()); };
  const auto cpu_rows = on_cpu(rows()), cpu_columns = on_cpu(columns());
  const auto gpu_rows = on_gpu(rows()), gpu_columns = on_gpu(columns());
  for (int twice = 0; twice < 2; ++twice) {
    add_to_stats(cpu, cpu_rows, cpu_columns);
    add_to_stats(gpu, gpu_rows, gpu_columns);
  }
  expect_near_cpu(gpu_rows.log_sum_exp(), cpu_rows.log_sum_exp());
  expect_near_cpu(gpu_columns.log_sum_exp(), cpu_columns.log_sum_exp());

  torch::Tensor cpu_sum = torch::zeros({rows()}), gpu_sum = cpu_sum.cuda();
  torch::Tensor cpu_tile = cpu.clone(), gpu_tile = gpu.clone();
  to_softplus_gradient(cpu_tile, cpu_sum);
  to_softplus_gradient(gpu_tile, gpu_sum);
  expect_near_cpu(gpu_tile, cpu_tile);
  expect_near_cpu(gpu_sum, cpu_sum);

  const WeightedMax by_row{cpu_rows.log_sum_exp(), random({rows()}, 3)};
  const WeightedMax by_column{cpu_columns.log_sum_exp(), random({columns()}, 4)};
  to_softmax_gradient(cpu_tile.copy_(cpu), by_row, by_column);
  to_softmax_gradient(gpu_tile.copy_(gpu), {by_row.max.cuda(), by_row.weight.cuda()},
                      {by_column.max.cuda(), by_column.weight.cuda()});
  expect_near_cpu(gpu_tile, cpu_tile);
}

TEST(LogitTiles, RowsThatAreMaskedWholeAddNothing) {
  torch::Tensor tile = random({2, 9}, 1);
  tile[0].fill_(-INFINITY);
  const auto row_stats = SoftmaxStats::start(2, tile.options());
  const auto column_stats = SoftmaxStats::start(9, tile.options());
  add_to_stats(tile, row_stats, column_stats);
  EXPECT_EQ(row_stats.sum[0].item<float>(), 0.0F);
  expect_close(column_stats.log_sum_exp(), tile[1]);
}

TEST(LogitTiles, NaNIsNotLost) {
  torch::Tensor tile = random({2, 9}, 1);
  tile[1][4] = NAN;
  const auto row_stats = SoftmaxStats::start(2, tile.options());
  add_to_stats(tile, row_stats, SoftmaxStats::start(9, tile.options()));
  EXPECT_TRUE(row_stats.log_sum_exp()[1].isnan().item<bool>());
  EXPECT_FALSE(row_stats.log_sum_exp()[0].isnan().item<bool>());
}

}  // namespace
}  // namespace tandem::kernels
