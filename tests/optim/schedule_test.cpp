#include "tandem/optim/schedule.h"

#include <gtest/gtest.h>

#include "tandem/core/error.h"

namespace tandem {
namespace {

TEST(LearningRate, WarmsUpAndFollowsTheCosine) {
  const LearningRate rate(OptimOptions{.lr = 1.0, .warmup_steps = 10}, 110);
  EXPECT_DOUBLE_EQ(rate.at(0), 0.1);
  EXPECT_DOUBLE_EQ(rate.at(9), 1.0);
  EXPECT_DOUBLE_EQ(rate.at(10), 1.0);
  EXPECT_NEAR(rate.at(60), 0.5, 1e-12);
  EXPECT_NEAR(rate.at(110), 0.0, 1e-12);
}

TEST(LearningRate, TakesWarmupAsAShareOfTheRun) {
  EXPECT_EQ(LearningRate(OptimOptions{.warmup_ratio = 0.05}, 1000).warmup_steps(), 50);
  EXPECT_EQ(LearningRate(OptimOptions{.warmup_ratio = 0.0}, 1000).warmup_steps(), 0);
}

TEST(LearningRate, EndsAtItsFloor) {
  const LearningRate rate(OptimOptions{.lr = 2.0, .warmup_steps = 0, .final_lr_ratio = 0.1}, 100);
  EXPECT_NEAR(rate.at(100), 0.2, 1e-12);
}

TEST(LearningRate, StaysConstantWhenAsked) {
  const LearningRate rate(
      OptimOptions{.lr = 2.0, .schedule = Schedule::kConstant, .warmup_steps = 4}, 100);
  EXPECT_DOUBLE_EQ(rate.at(1), 1.0);
  EXPECT_DOUBLE_EQ(rate.at(99), 2.0);
}

TEST(LearningRate, RefusesAWarmupAsLongAsTheRun) {
  try {
    const LearningRate rate(OptimOptions{.warmup_steps = 100}, 100);
    FAIL() << "accepted " << rate.warmup_steps();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kConfig);
    EXPECT_NE(std::string(error.what()).find("fewer than 100"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace tandem
