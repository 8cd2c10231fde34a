#include <cmath>
#include <fstream>
#include <map>

#include <nlohmann/json.hpp>

#include "tandem/core/files.h"
#include "tandem/model/model_directory.h"
#include "tandem/train/checkpoint.h"
#include "train/run/checkpoint_writer.h"
#include "train/run/manifest.h"
#include "train/tiny.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

Checkpoint make_checkpoint(int64_t step) {
  Checkpoint checkpoint;
  checkpoint.step = step;
  checkpoint.weights["a"] = torch::full({2, 3}, static_cast<double>(step));
  checkpoint.optimizer["exp_avg.a"] = torch::zeros({2, 3});
  checkpoint.config_json = "{}";
  return checkpoint;
}

std::vector<int64_t> kept(const fs::path& folder, const Retention& retention, int64_t last,
                          std::optional<BestEvaluation> best = {}) {
  for (int64_t step = 1; step <= last; ++step) {
    Checkpoint checkpoint = make_checkpoint(step);
    if (best && step >= best->step) checkpoint.best = best;
    save_checkpoint(folder, checkpoint, retention);
  }
  return list_checkpoint_steps(folder);
}

TEST(Retention, KeepsMultiplesForGood) {
  const TemporaryFolder folder;
  EXPECT_EQ(kept(folder.path(), {.keep_last = 2, .keep_every_steps = 3}, 8),
            (std::vector<int64_t>{8, 7, 6, 3}));
}

TEST(Retention, KeepsTheBestWhereverItIs) {
  const TemporaryFolder folder;
  EXPECT_EQ(kept(folder.path(), {.keep_last = 1}, 6, BestEvaluation{"m", 0.5, 2}),
            (std::vector<int64_t>{6, 2}));
}

TEST(Retention, KeepsTheNewestMultipleForRollbacks) {
  const TemporaryFolder folder;
  EXPECT_EQ(kept(folder.path(), {.keep_last = 1, .keep_newest_multiple = 4}, 11),
            (std::vector<int64_t>{11, 8}));
}

TEST(Checkpoint, RemembersTheBestAndTheNumbers) {
  const TemporaryFolder folder;
  Checkpoint written = make_checkpoint(7);
  written.best = BestEvaluation{.metric = "zero_shot/top1", .value = 0.1 + 0.2, .step = 4};
  written.numerics = {.skipped_steps = 3,
                      .bad_in_a_row = 1,
                      .rollbacks = 2,
                      .recent_losses = {1.0 / 3.0, 2.0794415416798357}};
  const Checkpoint read = load_checkpoint(save_checkpoint(folder.path(), written, 1));
  ASSERT_TRUE(read.best.has_value());
  EXPECT_EQ(read.best->metric, "zero_shot/top1");
  EXPECT_EQ(read.best->value, 0.1 + 0.2);
  EXPECT_EQ(read.best->step, 4);
  EXPECT_EQ(read.numerics.skipped_steps, 3);
  EXPECT_EQ(read.numerics.bad_in_a_row, 1);
  EXPECT_EQ(read.numerics.rollbacks, 2);
  EXPECT_EQ(read.numerics.recent_losses, written.numerics.recent_losses);
}

TEST(Checkpoint, RefusesTheStateOfAnUnknownOptimizer) {
  const TemporaryFolder folder;
  const fs::path path = save_checkpoint(folder.path(), make_checkpoint(1), 1);
  auto state = nlohmann::json::parse(read_file(path / "state.json"));
  state["optimizer"] = "muon";
  write_file_atomically(path / "state.json", state.dump());
  FileHashes hashes;
  for (const char* name :
       {"state.json", "config.json", "model.safetensors", "optimizer.safetensors"})
    hashes[name] = file_hash(path / name);
  write_manifest(path, hashes);
  expect_error(ErrorKind::kCheckpoint, {.expected = "adamw", .found = "muon"},
               [&] { (void)load_checkpoint(path); });
}

TEST(Manifest, TellsWhatTheDeviceMadeOfAFile) {
  const TemporaryFolder folder;
  FileWriter writer(folder.path() / "x");
  writer.write("meant");
  writer.commit();
  write_manifest(folder.path(), {{"x", writer.hash()}});
  EXPECT_EQ(find_damage(folder.path()), std::nullopt);
  std::ofstream(folder.path() / "x") << "mean!";  // same size
  EXPECT_EQ(find_damage(folder.path()), "x is damaged: its hash differs");
}

TEST(CheckpointWriter, WritesWhatWasThereAtTheStart) {
  const TemporaryFolder folder;
  CheckpointWriter writer(folder.path());
  Checkpoint checkpoint = make_checkpoint(0);
  for (int64_t step = 1; step <= 5; ++step) {
    checkpoint.step = step;
    checkpoint.weights["a"].fill_(static_cast<double>(step));
    writer.start(checkpoint, {.keep_last = 10});
    checkpoint.weights["a"].fill_(-1.0);  // training goes on
  }
  writer.wait();
  EXPECT_EQ(list_checkpoint_steps(folder.path()), (std::vector<int64_t>{5, 4, 3, 2, 1}));
  for (int64_t step = 1; step <= 5; ++step) {
    const Checkpoint read = load_checkpoint(checkpoint_path(folder.path(), step));
    EXPECT_TRUE(torch::equal(read.weights.at("a"), torch::full({2, 3}, static_cast<double>(step))));
  }
}

TEST(CheckpointWriter, ThrowsAFailureOnceItIsAskedFor) {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "occupied") << "a file";
  CheckpointWriter writer(folder.path() / "occupied");
  writer.start(make_checkpoint(1), {});
  EXPECT_EQ(error_of([&] { writer.wait(); }).kind(), ErrorKind::kCannotCreate);
  EXPECT_NO_THROW(writer.check());
  writer.start(make_checkpoint(2), {});
  EXPECT_EQ(error_of([&] { writer.start(make_checkpoint(3), {}); }).kind(),
            ErrorKind::kCannotCreate);
}

TEST(CheckpointWriter, EndsQuietlyWithAFailureThatNobodyAsksFor) {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "occupied") << "a file";
  CheckpointWriter writer(folder.path() / "occupied");
  writer.start(make_checkpoint(1), {});
}

// A run that is evaluated every three steps, with these values.
class BestRun {
 public:
  explicit BestRun(const fs::path& folder) : config(test::tiny_run(folder)) {
    config.eval.every_steps = 3;
    config.train.keep_last = 1;
    config.train.keep_best_metric = "probe/value";
    config.train.save_model = SavedModel::kBest;
  }
  TrainSummary run(int64_t stop_after = 0) {
    Trainer trainer(config);
    int64_t step = trainer.start_step();
    trainer.on_log([&](const StepStats& stats) {
      step = stats.step;
      if (step == stop_after) trainer.request_stop();
    });
    trainer.add_evaluator([&](const Task&) {
      return Metrics{{"probe/other", 1.0}, {"probe/value", values.at(step)}};
    });
    return trainer.run();
  }
  [[nodiscard]] fs::path checkpoints() const {
    return fs::path(config.run.output_dir) / "tiny" / "checkpoints";
  }
  void expect_model_of(int64_t step, const TrainSummary& summary) const {
    EXPECT_EQ(summary.model_step, step);
    const TensorMap expected = load_checkpoint(checkpoint_path(checkpoints(), step)).weights;
    const LoadedModel loaded = load_model(summary.model_directory);
    for (const auto& [name, tensor] : named_weights(*loaded.model))
      EXPECT_TRUE(torch::equal(tensor, expected.at(name))) << name;
  }

  RunConfig config;
  std::map<int64_t, double> values = {{3, 0.1}, {6, 0.9}, {9, 0.5}, {12, 0.9}};
};

TEST(BestCheckpoint, IsKeptAndBecomesTheModel) {
  const TemporaryFolder folder;
  BestRun best(folder.path());
  const TrainSummary summary = best.run();
  EXPECT_EQ(list_checkpoint_steps(best.checkpoints()), (std::vector<int64_t>{12, 6}));
  best.expect_model_of(6, summary);
}

TEST(BestCheckpoint, MayBeTheLastStep) {
  const TemporaryFolder folder;
  BestRun best(folder.path());
  best.values[12] = 0.95;
  best.expect_model_of(12, best.run());
  best.expect_model_of(12, best.run());  // a complete run started again
}

TEST(BestCheckpoint, MayBeTheSmallestValue) {
  const TemporaryFolder folder;
  BestRun best(folder.path());
  best.config.train.keep_best_mode = BestMode::kMin;
  best.values[9] = std::nan("");
  best.expect_model_of(3, best.run());
}

TEST(BestCheckpoint, IsRememberedByARunThatGoesOn) {
  const TemporaryFolder folder;
  BestRun best(folder.path());
  best.run(8);
  best.expect_model_of(6, best.run());
}

TEST(BestCheckpoint, IsReplacedByTheLastStateWhenItIsDamaged) {
  const TemporaryFolder folder;
  BestRun best(folder.path());
  best.run(8);
  fs::resize_file(checkpoint_path(best.checkpoints(), 6) / "model.safetensors", 100);
  EXPECT_EQ(best.run().model_step, 12);
}

TEST(BestCheckpoint, NeedsAMetricThatIsThere) {
  const TemporaryFolder folder;
  BestRun best(folder.path());
  best.config.train.keep_best_metric = "probe/valeu";
  expect_error(ErrorKind::kConfig, {.expected = "probe/other, probe/value", .found = "probe/valeu"},
               [&] { best.run(); });
}

TEST(TrainerSaves, ByTheClockAsWell) {
  const TemporaryFolder folder;
  RunConfig config = test::tiny_run(folder.path());
  config.train.checkpoint_every_minutes = 1e-9;
  config.train.keep_last = 100;
  Trainer trainer(config);
  trainer.run();
  EXPECT_EQ(list_checkpoint_steps(trainer.run_directory() / "checkpoints").size(), 12U);
}

TEST(TrainerSaves, AndFailsAtTheNextStepWhenThatFailed) {
  const TemporaryFolder folder;
  RunConfig config = test::tiny_run(folder.path());
  config.train.checkpoint_every_steps = 3;
  config.train.max_steps = 1000;
  Trainer trainer(config);
  int64_t last = 0;
  trainer.on_log([&](const StepStats& stats) {
    last = stats.step;
    if (last == 2) std::ofstream(trainer.run_directory() / "checkpoints") << "in the way";
  });
  const Error error = error_of([&] { trainer.run(); });
  EXPECT_EQ(error.kind(), ErrorKind::kCannotCreate);
  EXPECT_GE(last, 3);
  EXPECT_LT(last, 1000);
}

TEST(TrainerSaves, AndClearsAwayWhatKilledProcessesLeft) {
  const TemporaryFolder folder;
  const fs::path run = folder.path() / "tiny";
  fs::create_directories(run / "model.tmp-999999999");  // beyond any pid_max
  std::ofstream(run / "config.json.tmp-999999999") << "{";
  const Trainer trainer(test::tiny_run(folder.path()));
  for (const auto& entry : fs::directory_iterator(run))
    EXPECT_EQ(entry.path().string().find(".tmp-"), std::string::npos) << entry.path();
}

TEST(TrainerSaves, NothingIntoARunDirectoryThatIsGone) {
  for (const bool moved : {false, true}) {
    const TemporaryFolder folder;
    Trainer trainer(test::tiny_run(folder.path()));
    trainer.on_log([&](const StepStats& stats) {
      if (stats.step != 5) return;
      if (moved) {
        fs::rename(trainer.run_directory(), folder.path() / "elsewhere");
      } else {
        fs::remove_all(trainer.run_directory());
      }
    });
    expect_error(ErrorKind::kIo,
                 {.what = "was removed, moved or replaced", .reason = "run directory gone"},
                 [&] { trainer.run(); });
    EXPECT_FALSE(fs::exists(trainer.run_directory()));
  }
}

}  // namespace
}  // namespace tandem
