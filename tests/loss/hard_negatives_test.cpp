#include "tandem/loss/hard_negatives.h"

#include <cmath>

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

namespace tandem {
namespace {

torch::Tensor none(int64_t B) { return torch::zeros({B, B}, torch::kBool); }

TEST(HardNegatives, AreNeverThePairItselfNorOneOfTheSame) {
  const int64_t B = 9;
  const torch::Tensor groups = torch::arange(B).remainder(3);
  const torch::Tensor same = groups.unsqueeze(1) == groups.unsqueeze(0);
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const HardNegatives drawn = draw_hard_negatives(torch::randn({B, B}) * 5, same, seed);
    for (int64_t i = 0; i < B; ++i) {
      EXPECT_NE(drawn.images[static_cast<size_t>(i)] % 3, i % 3);
      EXPECT_NE(drawn.texts[static_cast<size_t>(i)] % 3, i % 3);
    }
  }
}

TEST(HardNegatives, AreMissingWhereAllOthersShowTheSame) {
  EXPECT_EQ(draw_hard_negatives(torch::zeros({1, 1}), none(1), 3).images, std::vector<int64_t>{-1});
  const HardNegatives drawn =
      draw_hard_negatives(torch::zeros({4, 4}), torch::ones({4, 4}, torch::kBool), 3);
  EXPECT_EQ(drawn.texts, (std::vector<int64_t>{-1, -1, -1, -1}));
}

// The frequencies of 3,000 draws are those of the formula.
TEST(HardNegatives, AreDrawnInProportionToTheirSimilarity) {
  constexpr int kDraws = 3000;
  const torch::Tensor logits =
      torch::tensor({0.0, 1.0, -2.0, 0.5, 0.0, 3.0, 1.0, 0.0, 0.0}, torch::kFloat64).view({3, 3});
  double texts[3][3] = {}, images[3][3] = {};
  for (uint64_t n = 0; n < kDraws; ++n) {
    const HardNegatives drawn = draw_hard_negatives(logits, none(3), n);
    for (size_t i = 0; i < 3; ++i) {
      texts[i][drawn.texts[i]] += 1.0 / kDraws;
      images[i][drawn.images[i]] += 1.0 / kDraws;
    }
  }
  const torch::Tensor off = 1 - torch::eye(3, torch::kFloat64);
  const auto chances = [&](const torch::Tensor& rows) {
    const torch::Tensor weights = (rows.softmax(1) + 1e-4) * off;
    return weights / weights.sum(1, /*keepdim=*/true);
  };
  const torch::Tensor of_texts = chances(logits), of_images = chances(logits.t());
  for (int64_t i = 0; i < 3; ++i) {
    for (int64_t j = 0; j < 3; ++j) {
      EXPECT_NEAR(texts[i][j], of_texts[i][j].item<double>(), 0.03) << i << " " << j;
      EXPECT_NEAR(images[i][j], of_images[i][j].item<double>(), 0.03) << i << " " << j;
    }
  }
}

TEST(HardNegatives, FollowFromTheSeed) {
  const torch::Tensor logits = torch::randn({16, 16});
  const HardNegatives one = draw_hard_negatives(logits, none(16), 5);
  const HardNegatives same = draw_hard_negatives(logits, none(16), 5);
  EXPECT_EQ(one.images, same.images);
  EXPECT_EQ(one.texts, same.texts);
  EXPECT_NE(draw_hard_negatives(logits, none(16), 6).images, one.images);
  EXPECT_NE(one.images, one.texts);
}

}  // namespace
}  // namespace tandem
