#include "loss/excess.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "loss/pairs.h"
#include "loss/pairs_fixture.h"

namespace tandem {
namespace {

// Tiles that leave remainders, cross the diagonal anywhere, or are the whole matrix.
class ExcessInTiles : public ::testing::TestWithParam<std::pair<int64_t, int64_t>> {};
INSTANTIATE_TEST_SUITE_P(Shapes, ExcessInTiles,
                         ::testing::Values(std::pair{3, 5}, std::pair{5, 3}, std::pair{1, 1},
                                           std::pair{4, 17}, std::pair{17, 2}, std::pair{100, 100},
                                           std::pair{16, 16}));

Excess tiled(const RandomPairs& pairs, std::pair<int64_t, int64_t> shape,
             const kernels::GroupIds& masked = {}) {
  LogitMatrix matrix = pair_logits(pairs.image, pairs.text, pairs.scale);
  matrix.tile = {shape.first, shape.second};
  matrix.groups = masked;
  return excess_over_diagonal(matrix);
}

// Something that weighs every row and column differently.
torch::Tensor weighed(const Excess& excess) {
  const torch::Tensor weights = torch::arange(1, excess.rows.size(0) + 1).to(torch::kFloat32);
  return (excess.rows * weights).sum() - (excess.columns * weights.flip(0)).sum();
}

TEST_P(ExcessInTiles, EqualsTheWholeMatrixWithItsGradients) {
  const RandomPairs pairs(17);
  const torch::Tensor logits = pairs.logits(), diagonal = logits.diagonal();
  const Excess whole{logits.logsumexp(1) - diagonal, logits.logsumexp(0) - diagonal};
  expect_same(weighed(tiled(pairs, GetParam())) / 100, weighed(whole) / 100,
              {pairs.image, pairs.text, pairs.scale});
}

TEST_P(ExcessInTiles, LeavesMaskedPairsOut) {
  const RandomPairs pairs(17);
  const kernels::GroupIds groups{torch::arange(17).remainder(5), torch::arange(17).floor_divide(4)};
  const torch::Tensor masked =
      are_duplicates(groups.image, groups.text) & torch::eye(17, torch::kBool).logical_not();
  const torch::Tensor logits = pairs.logits().masked_fill(masked, -INFINITY);
  const torch::Tensor diagonal = logits.diagonal();
  const Excess whole{logits.logsumexp(1) - diagonal, logits.logsumexp(0) - diagonal};
  expect_same(weighed(tiled(pairs, GetParam(), groups)) / 100, weighed(whole) / 100,
              {pairs.image, pairs.text, pairs.scale});
}

TEST(Excess, KeepsItsDigitsWhereTheLossIsSmall) {
  const torch::Tensor basis = torch::eye(4);
  const Excess excess = excess_over_diagonal(
      pair_logits(basis, basis, torch::tensor(std::log(20.0))));  // logits 20 and 0
  const double expected = std::log1p(3.0 * std::exp(-20.0));      // 6e-9, below 20's last digit
  EXPECT_NEAR(excess.rows.mean().item<double>(), expected, 1.2e-7);
  EXPECT_GE(excess.rows.min().item<double>(), 0.0);
}

// A log-sum-exp of 401.7 rounded to fp32 would make a row's weights sum to 1.00001: seen at the
// article's size, where gradients of the last biases are such sums.
TEST(Excess, GradientsOfARowSumToZeroBesideLargeLogits) {
  constexpr int64_t kRows = 6;
  const torch::Tensor logits =
      400 + torch::randint(-16, 17, {kRows, kRows}, make_generator(torch::kCPU, 3)) / 8;
  const torch::Tensor text = logits.t().contiguous().requires_grad_();
  const Excess excess =
      excess_over_diagonal(pair_logits(torch::eye(kRows), text, torch::tensor(0.0F)));
  excess.rows.sum().backward();  // text.grad() is the gradient of the logits, transposed
  EXPECT_LT(text.grad().sum(0).abs().max().item<double>(), 1e-6);
}

TEST(Excess, ManyRowsAndColumns) {
  const RandomPairs pairs(2100, 8);  // Three tiles each way, the last one small.
  const Excess excess = excess_over_diagonal(pair_logits(pairs.image, pairs.text, pairs.scale));
  const torch::Tensor logits = pairs.logits();
  expect_same(excess.rows.mean() + 2 * excess.columns.mean(),
              (logits.logsumexp(1) + 2 * logits.logsumexp(0) - 3 * logits.diagonal()).mean(),
              {pairs.image, pairs.text, pairs.scale});
}

}  // namespace
}  // namespace tandem
