#include "config/json/names.h"

#include <gtest/gtest.h>

namespace tandem::config {
namespace {

TEST(Names, NearestNeedsToBeNear) {
  const std::vector<std::string> names = {"lr", "eps", "weight_decay", "warmup_steps"};
  EXPECT_EQ(nearest_name("wieght_decay", names), "weight_decay");
  EXPECT_EQ(nearest_name("warm_up_stepps", names), "warmup_steps");
  EXPECT_EQ(nearest_name("LR", names), "lr");
  EXPECT_EQ(nearest_name("lrr", names), "lr");
  EXPECT_EQ(nearest_name("xy", names), std::nullopt);
  EXPECT_EQ(nearest_name("momentum", names), std::nullopt);
  EXPECT_EQ(nearest_name(std::string(100000, 'w'), names), std::nullopt);
}

TEST(Names, KnowsWhatOthersCallIt) {
  EXPECT_EQ(translated_name("learning_rate"), "lr");
  EXPECT_EQ(translated_name("lerning_rate"), "lr");
  EXPECT_EQ(translated_name("hidden_size"), "width");
  EXPECT_EQ(translated_name("nonsense"), std::nullopt);
}

}  // namespace
}  // namespace tandem::config
