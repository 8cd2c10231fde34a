#include "tandem/loss/sigmoid_loss.h"

#include <cmath>

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "loss/pairs_fixture.h"

namespace tandem {
namespace {

// Algorithm 1 of the paper, written out; `signs` is 1 for matching pairs, -1 for others.
torch::Tensor written_out(const RandomPairs& pairs, const torch::Tensor& signs,
                          const torch::Tensor& counted) {
  const torch::Tensor losses = -torch::log_sigmoid(signs * (pairs.logits() + pairs.bias));
  return (losses * counted).sum() / pairs.image.size(0);
}

std::vector<torch::Tensor> leaves(const RandomPairs& pairs) {
  return {pairs.image, pairs.text, pairs.scale, pairs.bias};
}

TEST(SigmoidLoss, EqualsTheFormulaWithItsGradients) {
  for (const int64_t N : {1, 7, 1030}) {
    const RandomPairs pairs(N);
    const torch::Tensor signs = 2 * torch::eye(N) - 1;
    expect_same(sigmoid_loss(pairs.image, pairs.text, pairs.scale, pairs.bias),
                written_out(pairs, signs, torch::ones({N, N})), leaves(pairs));
  }
}

TEST(SigmoidLoss, HasItsClosedFormForOrthogonalPairs) {
  const torch::Tensor basis = torch::eye(5), zero = torch::zeros({});
  const double scale = std::exp(1.0);
  const double expected = std::log1p(std::exp(-scale)) + 4 * std::log(2.0);
  EXPECT_NEAR(sigmoid_loss(basis, basis, torch::ones({}), zero).item<double>(), expected, 1e-6);
}

TEST(SigmoidLoss, MasksOrAcceptsDuplicates) {
  const int64_t N = 12;
  const RandomPairs pairs(N);
  PairGroups groups{.image_groups = torch::arange(N).remainder(4),
                    .text_groups = torch::arange(N).floor_divide(5)};
  const torch::Tensor same = are_duplicates(groups.image_groups, groups.text_groups);
  const torch::Tensor eye = torch::eye(N), ones = torch::ones({N, N});
  const torch::Tensor counted = at::maximum(1 - same.to(torch::kFloat32), eye);
  const auto loss = [&](Duplicates duplicates) {
    groups.duplicates = duplicates;
    return sigmoid_loss(pairs.image, pairs.text, pairs.scale, pairs.bias, groups);
  };
  expect_same(loss(Duplicates::kKeep), written_out(pairs, 2 * eye - 1, ones), leaves(pairs));
  expect_same(loss(Duplicates::kMask), written_out(pairs, 2 * eye - 1, counted), leaves(pairs));
  expect_same(loss(Duplicates::kPositive),
              written_out(pairs, 2 * same.to(torch::kFloat32) - 1, ones), leaves(pairs));
}

TEST(SigmoidLoss, NeedsNoGraph) {
  const RandomPairs pairs(6);
  const torch::Tensor with = sigmoid_loss(pairs.image, pairs.text, pairs.scale, pairs.bias);
  const torch::NoGradGuard no_grad;
  const torch::Tensor without = sigmoid_loss(pairs.image, pairs.text, pairs.scale, pairs.bias);
  EXPECT_FALSE(without.requires_grad());
  EXPECT_TRUE(torch::equal(with, without));
}

}  // namespace
}  // namespace tandem
