// The losses of twenty steps through the whole trainer, beside stored ones: whatever changes inside
// the loop, the loader, the step or the optimizer must leave them where they are. The values come
// from this trainer, before its step was rewritten; `--gtest_output=json:FILE` writes today's as
// properties of each test. They are equal to the last bit on one machine, and close on others.

#include <cmath>
#include <fstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "train/tiny.h"

namespace tandem {
namespace {

constexpr size_t kSteps = 20;

RunConfig curve_run(const TemporaryFolder& folder) {
  RunConfig config = test::tiny_run(folder.path());
  config.train.max_steps = kSteps;
  config.data.train.shapes.count = 300;  // Epochs end inside the run.
  config.data.batch_size = 64;
  return config;
}

void expect_stored_curve(const std::string& name, const RunConfig& config) {
  Trainer trainer(config);
  const std::vector<double> losses = test::run_losses(trainer);
  for (size_t i = 0; i < losses.size(); ++i)
    testing::Test::RecordProperty(fmt::format("step_{:02}", i + 1), fmt::format("{}", losses[i]));

  std::ifstream file(std::string(TANDEM_SOURCE_DIR) + "/tests/golden/curves.json");
  const auto stored = nlohmann::json::parse(file).at(name).get<std::vector<double>>();
  ASSERT_EQ(losses.size(), kSteps);
  ASSERT_EQ(stored.size(), kSteps);
  for (size_t i = 0; i < kSteps; ++i) {
    const double tolerance = i < 3 ? 1e-6 : 1e-4;  // AdamW magnifies the last bits.
    EXPECT_NEAR(losses[i], stored[i], tolerance * stored[i]) << "step " << i + 1;
  }
}

TEST(FixedCurve, OfWholeBatches) {
  const TemporaryFolder folder;
  expect_stored_curve("whole", curve_run(folder));
}

TEST(FixedCurve, OfAccumulatedBatchesWithDropout) {
  const TemporaryFolder folder;
  RunConfig config = curve_run(folder);
  config.train.accumulation_steps = 4;
  config.model.text.dropout = 0.1;
  config.model.image.attention_dropout = 0.1;
  expect_stored_curve("accumulated", config);
}

TEST(FixedCurve, OfSlicedBatches) {
  const TemporaryFolder folder;
  RunConfig config = curve_run(folder);
  config.run.cpu_threads = 2;
  expect_stored_curve("sliced", config);
}

TEST(FixedCurve, OfTheSigmoidLoss) {
  const TemporaryFolder folder;
  RunConfig config = curve_run(folder);
  config.model.logit_bias = true;
  config.loss.kind = LossKind::kSigmoid;
  expect_stored_curve("sigmoid", config);
}

}  // namespace
}  // namespace tandem
