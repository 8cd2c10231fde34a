#include "train/metrics/chance.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "tandem/loss/contrastive_loss.h"
#include "tandem/loss/sigmoid_loss.h"

namespace tandem {
namespace {

torch::Tensor ids(const std::vector<int64_t>& numbers) {
  return torch::tensor(numbers, torch::kInt64);
}

// Embeddings that are all one: nothing tells the pairs apart.
double collapsed_info_nce(const PairGroups& groups, int64_t pairs) {
  const torch::Tensor same = torch::ones({pairs, 4}) / 2;
  return contrastive_loss(same, same, torch::tensor(1.0F), {.groups = groups}).item<double>();
}

// The least that one logit for all pairs of the batch gives.
double best_constant_sigmoid(const PairGroups& groups, int64_t pairs) {
  const torch::Tensor nothing = torch::zeros({pairs, 4});
  double best = std::numeric_limits<double>::infinity();
  for (double bias = -8; bias < 8; bias += 0.01) {
    const torch::Tensor logit = torch::tensor(static_cast<float>(bias));
    best = std::min(
        best, sigmoid_loss(nothing, nothing, torch::tensor(0.0F), logit, groups).item<double>());
  }
  return best;
}

TEST(ChanceLoss, IsWhatTheLossesGiveWhereNothingTellsPairsApart) {
  for (const Duplicates duplicates :
       {Duplicates::kKeep, Duplicates::kMask, Duplicates::kPositive}) {
    const PairGroups groups{.duplicates = duplicates,
                            .image_groups = ids({1, 1, 2, 3, 4, 5}),
                            .text_groups = ids({7, 8, 8, 8, 9, 6})};
    EXPECT_NEAR(chance_loss(LossKind::kInfoNce, groups, 6), collapsed_info_nce(groups, 6), 1e-5);
    EXPECT_NEAR(chance_loss(LossKind::kSigmoid, groups, 6), best_constant_sigmoid(groups, 6), 1e-4);
  }
  EXPECT_NEAR(chance_loss(LossKind::kInfoNce, {}, 64), std::log(64.0), 1e-12);
}

TEST(BatchVariety, KnowsRunsOfOneCaptionOrOnePicture) {
  BatchVariety variety;
  variety.add(ids({1, 2, 3, 4}), ids({5, 5, 5, 5}));
  EXPECT_FALSE(variety.has_one_caption()) << "four pairs are too few to say";
  variety.add(ids({1, 2, 3, 4}), ids({5, 5, 5, 5}));
  EXPECT_TRUE(variety.has_one_caption());
  EXPECT_FALSE(variety.has_one_image());
  variety.add(ids({1, 1}), ids({5, 6}));
  EXPECT_FALSE(variety.has_one_caption());
}

class FindChance : public ::testing::Test {
 protected:
  [[nodiscard]] std::vector<ChanceFinding> find() const {
    return find_chance({variety_, losses_, warmup_, metrics_});
  }
  void log(int64_t step, double loss) {
    const int64_t before = losses_.empty() ? 0 : losses_.back().step;
    losses_.push_back({.step = step, .steps = step - before, .loss = loss, .chance = 4.0});
  }

  BatchVariety variety_;
  std::vector<LoggedLoss> losses_;
  int64_t warmup_ = 10;
  Metrics metrics_;
};

TEST_F(FindChance, SaysNothingOfARunThatLearnt) {
  log(50, 4.1);
  log(100, 3.0);
  metrics_ = {{"zero_shot/acc1", 0.6}, {"zero_shot/acc1_chance", 0.5}};
  EXPECT_TRUE(find().empty());
}

TEST_F(FindChance, SaysNothingOfFewStepsNorOfTheWarmUp) {
  EXPECT_TRUE(find().empty());
  log(10, 4.0);
  EXPECT_TRUE(find().empty());
  warmup_ = 50;
  log(40, 4.0);
  EXPECT_TRUE(find().empty());
  log(60, 4.0);
  EXPECT_EQ(find().size(), 1U);
}

TEST_F(FindChance, GoesByTheLastTwentySteps) {
  log(80, 2.0);
  for (int64_t step = 81; step <= 100; ++step) log(step, step % 2 == 0 ? 4.3 : 3.7);
  ASSERT_EQ(find().size(), 1U);
  EXPECT_EQ(find()[0].what, "the loss of the last 20 steps is 4.0000, guessing gives 4.0000");
  log(101, 1.0);
  EXPECT_TRUE(find().empty());
}

TEST_F(FindChance, ComparesEvaluationsWithTheLargestClass) {
  metrics_ = {{"zero_shot/acc1", 0.75},
              {"zero_shot/acc1_chance", 0.75},
              {"zero_shot/acc5", 0.1},
              {"zero_shot/one_class", 1.0},
              {"zero_shot/one_class_chance", 1.0}};
  ASSERT_EQ(find().size(), 1U);
  EXPECT_EQ(find()[0].what, "zero_shot/acc1 is 0.7500, guessing gives 0.7500");
}

}  // namespace
}  // namespace tandem
