#include <csignal>
#include <fstream>
#include <map>

#include <nlohmann/json.hpp>

#include "tandem/core/files.h"
#include "tandem/model/model_directory.h"
#include "tandem/train/checkpoint.h"
#include "tandem/train/clip_task.h"
#include "train/tasks/text_autoencoder.h"
#include "train/tiny.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

TrainerOptions autoencoder() {
  return {.make_task = [](const TaskInputs& inputs) {
    return std::make_unique<test::TextAutoencoder>(inputs);
  }};
}

RunConfig autoencoder_run(const fs::path& output_dir, const std::string& name) {
  RunConfig config = test::tiny_run(output_dir);
  config.run.name = name;
  config.optim.lr = 0.1;
  config.model.text.dropout = 0.2;
  config.train.max_steps = 20;
  config.train.checkpoint_every_steps = 4;
  config.eval.every_steps = 5;
  return config;
}

TensorMap everything_of(const Trainer& trainer) {
  TensorMap all = named_weights(*trainer.task().module());
  all.merge(trainer.task().state());
  return all;
}

std::vector<nlohmann::json> metrics_of(const Trainer& trainer) {
  std::vector<nlohmann::json> lines;
  std::ifstream stream(trainer.run_directory() / "metrics.jsonl");
  for (std::string line; std::getline(stream, line);) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

TEST(SecondTask, TrainsThroughTheSameLoop) {
  const TemporaryFolder folder;
  Trainer trainer(autoencoder_run(folder.path(), "whole"), autoencoder());
  const std::vector<double> losses = test::run_losses(trainer);
  ASSERT_EQ(losses.size(), 20U);
  EXPECT_LT(losses.back(), 0.9 * losses.front());

  const auto lines = metrics_of(trainer);
  ASSERT_EQ(lines.size(), 20U);
  const double reconstruction = lines[0]["train/reconstruction"];
  const double code_norm = lines[0]["train/code_norm"];
  EXPECT_NEAR(lines[0]["train/loss"].get<double>(), reconstruction + 0.01 * code_norm, 1e-6);
  EXPECT_FALSE(lines[0].contains("train/logit_scale"));
  EXPECT_TRUE(lines[0]["train/chance_loss"].is_null());
}

TEST(SecondTask, ExportsWhatItSays) {
  const TemporaryFolder folder;
  Trainer trainer(autoencoder_run(folder.path(), "whole"), autoencoder());
  const fs::path directory = trainer.run().model_directory;
  const TensorMap written = load_safetensors(directory / "autoencoder.safetensors").tensors;
  EXPECT_TRUE(torch::equal(written.at("table"), trainer.task().state().at("average.table")));
  EXPECT_FALSE(fs::exists(directory / "model.safetensors"));
}

void die_after(const RunConfig& config, int64_t step) {
  Trainer trainer(config, autoencoder());
  trainer.on_log([&](const StepStats& stats) {
    if (stats.step == step) std::raise(SIGKILL);
  });
  trainer.run();
}

TEST(SecondTaskDeathTest, KilledItResumesBitForBit) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";  // The child starts without our threads.
  const fs::path place = fs::temp_directory_path() / "tandem-second-task";
  RunConfig config = autoencoder_run(place, "killed");
  config.run.output_dir = place.string();  // The same in the child, which starts the test again.
  EXPECT_EXIT(
      {
        fs::remove_all(place);
        die_after(config, 11);
      },
      testing::KilledBySignal(SIGKILL), "");

  Trainer resumed(config, autoencoder());
  EXPECT_GE(resumed.start_step(), 4);  // That of step 8 may have been in the making.
  resumed.run();
  Trainer straight(autoencoder_run(place, "straight"), autoencoder());
  straight.run();
  const TensorMap expected = everything_of(straight), actual = everything_of(resumed);
  ASSERT_EQ(expected.size(), 4U);
  for (const auto& [name, tensor] : expected)
    EXPECT_TRUE(torch::equal(tensor, actual.at(name))) << name;
  const auto lines = metrics_of(resumed), reference = metrics_of(straight);
  ASSERT_EQ(lines.size(), reference.size());
  for (size_t i = 0; i < lines.size(); ++i)
    EXPECT_EQ(lines[i]["train/loss"], reference[i]["train/loss"]) << i;
  fs::remove_all(place);
}

TEST(SecondTask, IsEvaluatedAndItsBestStateBecomesTheModel) {
  const TemporaryFolder folder;
  RunConfig config = autoencoder_run(folder.path(), "best");
  config.train.keep_best_metric = "probe/value";
  config.train.save_model = SavedModel::kBest;
  Trainer trainer(config, autoencoder());
  std::map<int64_t, torch::Tensor> averages;
  double value = 0;
  trainer.add_evaluator([&](const Task& task) {
    const TokenBatch text = pack_tokens({trainer.tokenizer().encode("a red circle", 16).ids});
    const auto& autoencoder = dynamic_cast<const test::TextAutoencoder&>(task);
    value -= 1;
    averages[static_cast<int64_t>(-value)] = task.state().at("average.table").clone();
    return Metrics{{"probe/value", value}, {"probe/loss", autoencoder.evaluate(text)}};
  });
  const TrainSummary summary = trainer.run();
  EXPECT_EQ(summary.model_step, 5);  // The first evaluation is the best one.
  EXPECT_GT(summary.metrics.at("probe/loss"), 0.0);
  const TensorMap written =
      load_safetensors(summary.model_directory / "autoencoder.safetensors").tensors;
  EXPECT_TRUE(torch::equal(written.at("table"), averages.at(1)));
  EXPECT_FALSE(torch::equal(written.at("table"), averages.at(4)));
}

TEST(SecondTask, IsNoClipModel) {
  const TemporaryFolder folder;
  RunConfig config = autoencoder_run(folder.path(), "clip");
  config.eval.on_error = EvaluationFailure::kStop;
  Trainer trainer(config, autoencoder());
  EXPECT_EQ(error_of([&] { (void)clip_model(trainer.task()); }).kind(), ErrorKind::kUsage);
  trainer.add_evaluator(on_clip([](ClipModel, const Tokenizer&) { return Metrics{}; }));
  EXPECT_EQ(error_of([&] { trainer.run(); }).kind(), ErrorKind::kUsage);
}

TEST(SecondTask, DoesNotResumeAnotherTask) {
  const TemporaryFolder folder;
  const RunConfig config = autoencoder_run(folder.path(), "other");
  {
    Trainer trainer(config);
    test::run_losses(trainer, 4);
  }
  const Error error = error_of([&] { const Trainer trainer(config, autoencoder()); });
  EXPECT_EQ(error.kind(), ErrorKind::kCheckpoint);
}

TEST(SecondTask, IsTriedByADryRun) {
  const TemporaryFolder folder;
  const RunConfig config = autoencoder_run(folder.path(), "dry");
  const Evaluator probe = [](const Task&) { return Metrics{{"probe", 1.0}}; };
  const DryRunReport report = dry_run(config, autoencoder(), {probe});
  EXPECT_GT(report.parameters, 0);
  EXPECT_EQ(report.parameters % 17, 0);  // For each piece 8 numbers in, 8 out and a bias.
  EXPECT_EQ(report.metrics, (Metrics{{"probe", 1.0}}));
  EXPECT_FALSE(fs::exists(folder.path() / "dry"));
}

// The checkpoint that a run resumes from holds the task's state, or none is resumed.
TEST(TaskState, ThatDoesNotFitIsRefused) {
  const TemporaryFolder folder;
  const RunConfig config = autoencoder_run(folder.path(), "state");
  {
    Trainer trainer(config, autoencoder());
    test::run_losses(trainer, 4);
  }
  const fs::path path = checkpoint_path(folder.path() / "state" / "checkpoints", 4);
  Checkpoint checkpoint = load_checkpoint(path);
  ASSERT_EQ(checkpoint.task_state.size(), 1U);
  checkpoint.step = 5;
  for (const bool is_renamed : {true, false}) {
    checkpoint.task_state = is_renamed ? TensorMap{{"average.other", torch::zeros({8})}}
                                       : TensorMap{{"average.table", torch::zeros({8})}};
    fs::remove_all(checkpoint_path(path.parent_path(), 5));
    (void)save_checkpoint(path.parent_path(), checkpoint, 2);
    const Error error = error_of([&] { const Trainer trainer(config, autoencoder()); });
    EXPECT_EQ(error.kind(), ErrorKind::kCheckpoint);
    EXPECT_EQ(error.text().where, "average.table");
  }
}

}  // namespace
}  // namespace tandem
