#include "train/session/numerics_guard.h"

#include <cmath>
#include <fstream>

#include <nlohmann/json.hpp>

#include <torch/utils.h>

#include "tandem/core/files.h"
#include "tandem/model/model_directory.h"
#include "tandem/train/clip_task.h"
#include "train/tiny.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

TrainOptions watchful() {
  TrainOptions options;
  options.on_spike = SpikePolicy::kRollback;
  options.spike_window = 4;
  options.spike_zscore = 3.0;
  options.max_rollbacks = 2;
  options.max_bad_steps = 3;
  return options;
}

NumericsGuard filled(const std::vector<double>& losses) {
  NumericsGuard guard(watchful());
  for (const double loss : losses) EXPECT_EQ(guard.find_spike(loss), std::nullopt);
  return guard;
}

TEST(NumericsGuard, CountsSkippedStepsInARow) {
  NumericsGuard guard(watchful());
  EXPECT_FALSE(guard.add_skipped());
  EXPECT_FALSE(guard.add_skipped());
  guard.add_good();
  EXPECT_FALSE(guard.add_skipped());
  EXPECT_FALSE(guard.add_skipped());
  EXPECT_TRUE(guard.add_skipped());
  EXPECT_EQ(guard.state().skipped_steps, 5);
}

// Mean 2, deviation 1: three of them end at 5.
TEST(NumericsGuard, FindsASpikeByItsDistanceFromTheRecentLosses) {
  NumericsGuard guard = filled({1, 3, 1, 3});
  const auto zscore = guard.find_spike(5.5);
  ASSERT_TRUE(zscore.has_value());
  EXPECT_NEAR(*zscore, 3.5, 1e-12);
  EXPECT_EQ(guard.state().recent_losses, (std::vector<double>{1, 3, 1, 3}));
  EXPECT_EQ(guard.find_spike(4.9), std::nullopt);
  EXPECT_EQ(guard.state().recent_losses, (std::vector<double>{3, 1, 3, 4.9}));
}

TEST(NumericsGuard, KnowsNoSpikeBeforeItsWindowIsFull) { (void)filled({1, 3, 1, 1000}); }

TEST(NumericsGuard, TakesNoSmallStepForASpikeWhenLossesStandStill) {
  NumericsGuard guard = filled({2, 2, 2, 2});
  EXPECT_EQ(guard.find_spike(2.005), std::nullopt);
  EXPECT_TRUE(guard.find_spike(2.1).has_value());
}

TEST(NumericsGuard, NeverTakesAFallForASpike) {
  NumericsGuard guard = filled({1, 3, 1, 3});
  EXPECT_EQ(guard.find_spike(-100), std::nullopt);
}

TEST(NumericsGuard, CountsRollbacksToOneCheckpoint) {
  NumericsGuard guard = filled({1, 3, 1, 3});
  EXPECT_FALSE(guard.roll_back({.recent_losses = {7.0}}, 10));
  EXPECT_EQ(guard.state().recent_losses, std::vector<double>{7.0});
  EXPECT_FALSE(guard.roll_back({}, 10));
  EXPECT_FALSE(guard.roll_back({}, 20));
  EXPECT_FALSE(guard.roll_back({}, 20));
  EXPECT_TRUE(guard.roll_back({}, 20));
  EXPECT_EQ(guard.state().rollbacks, 5);
}

RunConfig watchful_run(const fs::path& folder) {
  RunConfig config = test::tiny_run(folder);
  config.train.on_spike = SpikePolicy::kRollback;
  config.train.spike_window = 4;
  config.train.spike_zscore = 8.0;
  config.train.spike_skip_batches = 2;
  config.train.max_rollbacks = 2;
  config.train.checkpoint_every_steps = 3;
  config.train.keep_last = 1;
  return config;
}

// Brings a spike about: untrained pictures and texts, compared at the coldest temperature.
void freeze_temperature(const Trainer& trainer) {
  const torch::NoGradGuard no_grad;
  torch::Tensor scale = clip_model(trainer.task())->logit_scale();
  scale.fill_(std::log(100.0));
}

struct SpikyRun {
  std::vector<int64_t> steps = {};
  StepStats last = {};
  TensorMap weights = {};
  std::string log = {};
};

// Trains; before step 9 the temperature falls, `spikes` times.
SpikyRun run(const RunConfig& config, int64_t spikes, int64_t stop_after = 0) {
  SpikyRun result;
  Trainer trainer(config);
  trainer.on_log([&](const StepStats& stats) {
    result.steps.push_back(stats.step);
    result.last = stats;
    if (stats.step == 8 && spikes-- > 0) freeze_temperature(trainer);
    if (stats.step == stop_after) trainer.request_stop();
  });
  trainer.run();
  result.weights = named_weights(*trainer.task().module());
  for (auto& [name, tensor] : result.weights) tensor = tensor.clone();
  result.log = read_file(trainer.run_directory() / "train.log");
  return result;
}

TEST(Spike, GoesBackToTheLastCheckpointAndLeavesItsBatchesOut) {
  const TemporaryFolder folder;
  const SpikyRun result = run(watchful_run(folder.path()), 1);
  EXPECT_EQ(result.steps, (std::vector<int64_t>{1, 2, 3, 4, 5, 6, 7, 8, 7, 8, 9, 10, 11, 12}));
  EXPECT_EQ(result.last.rollbacks, 1);
  // 12 steps, 3 taken back, 2 left out: 17 batches of 8 of 64 samples.
  EXPECT_NEAR(result.last.epoch, 17 * 8 / 64.0, 1e-12);
  EXPECT_NE(result.log.find("loss spike at step 9"), std::string::npos);
  EXPECT_NE(result.log.find("going back to step 6"), std::string::npos);

  std::vector<int64_t> logged;
  std::ifstream stream(folder.path() / "tiny" / "metrics.jsonl");
  for (std::string line; std::getline(stream, line);)
    logged.push_back(nlohmann::json::parse(line).at("step"));
  EXPECT_EQ(logged, (std::vector<int64_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}));
}

TEST(Spike, LeadsToTheSameWeightsHoweverOftenTheRunStops) {
  const TemporaryFolder folder;
  RunConfig config = watchful_run(folder.path());
  const SpikyRun straight = run(config, 1);
  config.run.name = "stopped";
  run(config, 0, 7);  // leaves a checkpoint of step 7, which no rollback leads to
  const SpikyRun resumed = run(config, 1);
  EXPECT_EQ(resumed.steps, (std::vector<int64_t>{8, 7, 8, 9, 10, 11, 12}));
  for (const auto& [name, tensor] : straight.weights)
    EXPECT_TRUE(torch::equal(tensor, resumed.weights.at(name))) << name;
}

TEST(Spike, EndsTheRunWhenItComesAgainAndAgain) {
  const TemporaryFolder folder;
  expect_error(ErrorKind::kDiverged, {.what = "spiked again after 2 rollbacks to step 6"},
               [&] { run(watchful_run(folder.path()), 100); });
}

TEST(Spike, IsOnlyToldWithoutACheckpointToGoBackTo) {
  const TemporaryFolder folder;
  RunConfig config = watchful_run(folder.path());
  config.train.checkpoint_every_steps = 100;
  const SpikyRun result = run(config, 1);
  EXPECT_EQ(result.steps.size(), 12U);
  EXPECT_EQ(result.last.rollbacks, 0);
  EXPECT_NE(result.log.find("no checkpoint yet to go back to"), std::string::npos);
}

TEST(Spike, IsNothingWhenIgnored) {
  const TemporaryFolder folder;
  RunConfig config = watchful_run(folder.path());
  config.train.on_spike = SpikePolicy::kIgnore;
  const SpikyRun result = run(config, 1);
  EXPECT_EQ(result.steps.size(), 12U);
  EXPECT_EQ(result.log.find("loss spike"), std::string::npos);
}

}  // namespace
}  // namespace tandem
