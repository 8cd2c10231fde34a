#include "tandem/train/trainer.h"

#include <cmath>
#include <fstream>
#include <map>
#include <numeric>

#include <nlohmann/json.hpp>

#include <torch/cuda.h>
#include <torch/utils.h>

#include "tandem/config/load.h"
#include "tandem/core/files.h"
#include "tandem/model/model_directory.h"
#include "tandem/train/clip_task.h"
#include "train/tiny.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

double mean(const std::vector<double>& values, size_t first, size_t count) {
  const auto begin = values.begin() + static_cast<std::ptrdiff_t>(first);
  return std::accumulate(begin, begin + static_cast<std::ptrdiff_t>(count), 0.0) /
         static_cast<double>(count);
}

TEST(Trainer, LearnsFromTheFirstSteps) {
  const TemporaryFolder folder;
  RunConfig config = test::tiny_run(folder.path());
  config.data.batch_size = 16;
  config.train.max_steps = 10;
  config.optim.lr = 1e-2;
  Trainer trainer(config);
  const std::vector<double> losses = test::run_losses(trainer);
  ASSERT_EQ(losses.size(), 10U);
  EXPECT_LT(mean(losses, 5, 5), mean(losses, 0, 5));
  EXPECT_LT(losses.back(), losses.front() - 0.1);
}

TEST(Trainer, LeavesAModelThatLoads) {
  const TemporaryFolder folder;
  const RunConfig config = test::tiny_run(folder.path());
  Trainer trainer(config);
  const TrainSummary summary = trainer.run();
  EXPECT_EQ(summary.steps, 12);
  EXPECT_EQ(summary.model_directory, folder.path() / "tiny" / "model");
  EXPECT_GT(summary.seconds, 0.0);

  const LoadedModel loaded = load_model(summary.model_directory);
  for (const auto& [name, tensor] : named_weights(*loaded.model))
    EXPECT_TRUE(torch::equal(tensor, named_weights(*trainer.task().module()).at(name))) << name;
  const Tokenizer tokenizer = Tokenizer::load(summary.model_directory / "tokenizer.model");
  EXPECT_EQ(tokenizer.fingerprint(), trainer.tokenizer().fingerprint());
  EXPECT_EQ(loaded.config.model.text.vocab_size, tokenizer.vocab_size());
  EXPECT_EQ(loaded.config.model.text.eos_id, tokenizer.eos_id());
}

TEST(Trainer, ResolvesItsConfiguration) {
  const TemporaryFolder folder;
  RunConfig config = test::tiny_run(folder.path());
  config.train.max_steps.reset();
  config.train.epochs = 2.6;  // of 64 samples by 8: 20.8 batches
  config.optim.warmup_ratio = 0.2;
  const Trainer trainer(config);
  EXPECT_EQ(trainer.config().train.max_steps, 21);
  EXPECT_EQ(trainer.config().optim.warmup_steps, 4);
  EXPECT_EQ(trainer.config().model.text.vocab_size, trainer.tokenizer().vocab_size());
  EXPECT_EQ(trainer.config().model.text.pad_id, trainer.tokenizer().pad_id());
  const std::string written = read_file(trainer.run_directory() / "config.json");
  EXPECT_TRUE(config_differences(parse_run_config(written), trainer.config()).empty());
}

TEST(Trainer, CountsEpochsAsTheMixtureHasThem) {
  const TemporaryFolder folder;
  const fs::path mixture = folder.path() / "mixture.json";
  write_file_atomically(mixture, R"({"samples_per_epoch": 128, "sources": [
      {"source": {"kind": "shapes", "shapes": {"count": 32}}},
      {"source": {"kind": "shapes", "shapes": {"count": 32}}}]})");
  RunConfig config = test::tiny_run(folder.path());
  config.data.train = {.kind = SourceKind::kMixture, .path = mixture.string()};
  config.data.batch_size = 64;
  config.train.max_steps.reset();
  config.train.epochs = 1;
  Trainer trainer(config);
  std::vector<double> epochs;
  trainer.on_log([&](const StepStats& stats) { epochs.push_back(stats.epoch); });
  EXPECT_EQ(trainer.run().steps, 2);
  EXPECT_EQ(epochs, (std::vector<double>{0.5, 1.0}));
}

TEST(Trainer, WritesItsNumbersUnderStableNames) {
  const TemporaryFolder folder;
  RunConfig config = test::tiny_run(folder.path());
  config.train.log_every_steps = 5;
  config.train.tensorboard = true;
  config.eval.every_steps = 6;
  Trainer trainer(config);
  std::vector<StepStats> logged;
  trainer.on_log([&](const StepStats& stats) { logged.push_back(stats); });
  trainer.add_evaluator([](const Task&) { return Metrics{{"probe/value", 1.0}}; });
  const TrainSummary summary = trainer.run();

  ASSERT_EQ(logged.size(), 3U);
  EXPECT_EQ(logged[2].step, 12);
  EXPECT_NEAR(logged[0].chance_loss, std::log(8.0), 1e-12);
  EXPECT_NEAR(logged[1].epoch, 10 * 8 / 64.0, 1e-12);
  EXPECT_GT(logged[0].pairs_per_second, 0.0);
  EXPECT_GT(logged[0].eta_seconds, 0.0);
  EXPECT_EQ(logged[2].eta_seconds, 0.0);
  EXPECT_NEAR(logged[0].task_values.at("logit_scale"), 1 / 0.07, 1.0);
  EXPECT_EQ(summary.final_loss, logged[2].loss);

  std::ifstream stream(trainer.run_directory() / "metrics.jsonl");
  std::vector<nlohmann::json> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(nlohmann::json::parse(line));
  ASSERT_EQ(lines.size(), 5U);  // steps 5, 6 (evaluation), 10, 12, 12 (evaluation)
  for (const char* name : {"step", "samples", "wall_time", "train/loss", "train/lr",
                           "train/logit_scale", "train/grad_norm", "train/epoch",
                           "train/skipped_steps", "perf/pairs_per_second", "perf/data_wait_ratio"})
    EXPECT_TRUE(lines[0].contains(name)) << name;
  EXPECT_EQ(lines[0]["samples"], 40);
  EXPECT_EQ(lines[1]["step"], 6);
  EXPECT_EQ(lines[1]["probe/value"], 1.0);
  EXPECT_EQ(lines[4]["probe/value"], 1.0);
  const auto is_event_file = [](const fs::directory_entry& entry) {
    return entry.path().filename().string().starts_with("events.out.tfevents.");
  };
  EXPECT_EQ(std::count_if(fs::directory_iterator(trainer.run_directory()), fs::directory_iterator(),
                          is_event_file),
            1);
}

TEST(Trainer, EvaluatesWithoutGradientsAndGoesBackToTraining) {
  const TemporaryFolder folder;
  RunConfig config = test::tiny_run(folder.path());
  config.eval.every_steps = 5;
  Trainer trainer(config);
  std::vector<int64_t> steps;
  trainer.on_evaluation([&](int64_t step, const Metrics&) { steps.push_back(step); });
  trainer.add_evaluator(on_clip([](ClipModel model, const Tokenizer&) {
    EXPECT_FALSE(model->is_training());
    EXPECT_FALSE(torch::GradMode::is_enabled());
    return Metrics{};
  }));
  trainer.on_log([&](const StepStats&) { EXPECT_TRUE(clip_model(trainer.task())->is_training()); });
  trainer.run();
  EXPECT_EQ(steps, (std::vector<int64_t>{5, 10, 12}));
  EXPECT_TRUE(clip_model(trainer.task())->is_training());
}

TEST(Trainer, KeepsQuietAboutEvaluationsThatGiveNothing) {
  const TemporaryFolder folder;
  RunConfig config = test::tiny_run(folder.path());
  config.eval.every_steps = 5;
  Trainer trainer(config);
  trainer.add_evaluator([](const Task&) { return Metrics{}; });
  trainer.run();
  const std::string log = read_file(trainer.run_directory() / "train.log");
  EXPECT_EQ(log.find("evaluation at step"), std::string::npos);
  std::ifstream stream(trainer.run_directory() / "metrics.jsonl");
  for (std::string line; std::getline(stream, line);)
    EXPECT_NE(line.find("train/loss"), std::string::npos) << line;
}

TEST(Trainer, SaysOnceThatItTrainedATokenizer) {
  const TemporaryFolder folder;
  const Trainer trainer(test::tiny_run(folder.path()));
  const std::string log = read_file(trainer.run_directory() / "train.log");
  EXPECT_NE(log.find("tokenizer trained on "), std::string::npos);
  EXPECT_EQ(log.find("Trained a tokenizer"), std::string::npos);
}

TEST(Trainer, LeavesNoFolderBehindWhereItFailsToStart) {
  const TemporaryFolder folder;
  const auto fail_in = [](const fs::path& output_dir) {
    RunConfig config = test::tiny_run(output_dir);
    config.data.train.shapes.count = 7;  // fewer than a batch: told by the loader, after all else
    (void)error_of([&] { const Trainer trainer(config); });
  };
  fail_in(folder.path() / "not" / "there");
  EXPECT_TRUE(fs::is_empty(folder.path()));

  const fs::path run = folder.path() / "tiny";
  fs::create_directory(run);
  std::ofstream(run / "config.json") << "mine";
  fail_in(folder.path());
  EXPECT_TRUE(fs::exists(run / "config.json"));
}

TEST(Trainer, StopsOnRequestWithACheckpoint) {
  const TemporaryFolder folder;
  Trainer trainer(test::tiny_run(folder.path()));
  trainer.on_log([&](const StepStats& stats) {
    if (stats.step == 3) trainer.request_stop();
  });
  const TrainSummary summary = trainer.run();
  EXPECT_TRUE(summary.interrupted);
  EXPECT_EQ(summary.steps, 3);
  EXPECT_TRUE(summary.model_directory.empty());
  EXPECT_EQ(read_file(trainer.run_directory() / "checkpoints" / "latest"), "step-00000003\n");
}

// Stands for damage that no setting of a tiny model brings about.
void fill(Trainer& trainer, double value) {
  const torch::NoGradGuard no_grad;
  clip_model(trainer.task())->image->class_token.fill_(value);
}

TEST(Trainer, SkipsBadStepsThenGivesUp) {
  const TemporaryFolder folder;
  RunConfig config = test::tiny_run(folder.path());
  config.train.max_bad_steps = 3;
  config.train.checkpoint_every_steps = 2;
  {
    Trainer trainer(config);
    std::vector<int64_t> skipped;
    trainer.on_log([&](const StepStats& stats) {
      skipped.push_back(stats.skipped_steps);
      if (stats.step == 3) fill(trainer, std::nan(""));
    });
    const Error error = expect_error(
        ErrorKind::kDiverged, {.what = "3 steps in a row up to step 6"}, [&] { trainer.run(); });
    EXPECT_EQ(exit_code(error.kind()), 17);
    for (const char* cause : {"optim.lr", "optim.grad_clip_norm", "model.logit_scale_max"})
      expect_parts(error, {.hint = cause});
    EXPECT_EQ(skipped, (std::vector<int64_t>{0, 0, 0, 1, 2}));
    const std::string log = read_file(trainer.run_directory() / "train.log");
    EXPECT_NE(log.find("step 4 is skipped: loss nan"), std::string::npos);
    EXPECT_NE(log.find("shapes/"), std::string::npos);
  }
  // Step 4 was due for a checkpoint, but bad.
  EXPECT_EQ(Trainer(config).start_step(), 2);
}

// Steps that nothing looks at are judged one step later: none is lost, none is named wrongly.
TEST(Trainer, CountsBadStepsBetweenLogLines) {
  const TemporaryFolder folder;
  RunConfig config = test::tiny_run(folder.path());
  config.train.log_every_steps = 4;
  config.train.max_bad_steps = 3;
  Trainer trainer(config);
  trainer.on_log([&](const StepStats&) { fill(trainer, std::nan("")); });
  expect_error(ErrorKind::kDiverged, {.what = "3 steps in a row up to step 7"},
               [&] { trainer.run(); });
  const std::string log = read_file(trainer.run_directory() / "train.log");
  for (const char* line : {"step 5 is skipped", "step 6 is skipped", "step 7 is skipped"})
    EXPECT_NE(log.find(line), std::string::npos) << line;
}

TEST(Trainer, GoesOnAfterASkippedStep) {
  const TemporaryFolder folder;
  Trainer trainer(test::tiny_run(folder.path()));
  StepStats last;
  std::map<int64_t, double> losses;
  trainer.on_log([&](const StepStats& stats) {
    last = stats;
    losses[stats.step] = stats.loss;
    if (stats.step == 3) fill(trainer, std::nan(""));
    if (stats.step == 4) fill(trainer, 0.1);
  });
  const TrainSummary summary = trainer.run();
  EXPECT_EQ(summary.steps, 12);
  EXPECT_EQ(last.skipped_steps, 1);
  for (const auto& [step, loss] : losses) EXPECT_EQ(std::isfinite(loss), step != 4) << step;
  for (const auto& [name, tensor] : named_weights(*trainer.task().module()))
    EXPECT_TRUE(torch::isfinite(tensor).all().item<bool>()) << name;
}

TEST(Trainer, NeverSavesWeightsThatAreNotFinite) {
  const TemporaryFolder folder;
  Trainer trainer(test::tiny_run(folder.path()));
  trainer.on_log([&](const StepStats& stats) {
    if (stats.step == 12) fill(trainer, INFINITY);
  });
  EXPECT_EQ(error_of([&] { trainer.run(); }).kind(), ErrorKind::kDiverged);
  EXPECT_FALSE(fs::exists(trainer.run_directory() / "model"));
}

TEST(Trainer, TrainsInBf16WithAnFp32Temperature) {
  const TemporaryFolder folder;
  RunConfig config = test::tiny_run(folder.path());
  config.train.precision = Precision::kBf16;
  Trainer trainer(config);
  EXPECT_EQ(clip_model(trainer.task())->logit_scale().scalar_type(), torch::kFloat32);
  EXPECT_EQ(clip_model(trainer.task())->image->class_token.scalar_type(), torch::kBFloat16);
  const float before = clip_model(trainer.task())->logit_scale().item<float>();
  EXPECT_FLOAT_EQ(before, 2.6592600F);
  for (const double loss : test::run_losses(trainer)) EXPECT_TRUE(std::isfinite(loss));
  EXPECT_NE(clip_model(trainer.task())->logit_scale().item<float>(), before);
}

TEST(Trainer, KeepsFrozenTowersAsTheyAre) {
  const TemporaryFolder folder;
  RunConfig config = test::tiny_run(folder.path());
  config.model.image.freeze = true;
  Trainer trainer(config);
  const torch::Tensor frozen = clip_model(trainer.task())->image->class_token.clone();
  const torch::Tensor trained = clip_model(trainer.task())->text->token_embedding.clone();
  trainer.run();
  EXPECT_TRUE(torch::equal(clip_model(trainer.task())->image->class_token, frozen));
  EXPECT_FALSE(torch::equal(clip_model(trainer.task())->text->token_embedding, trained));
}

TEST(Trainer, RefusesASecondTrainerInItsFolder) {
  const TemporaryFolder folder;
  const RunConfig config = test::tiny_run(folder.path());
  {
    const Trainer first(config);
    expect_error(ErrorKind::kCannotCreate, {.what = "pid " + std::to_string(::getpid())},
                 [&] { const Trainer second(config); });
  }
  EXPECT_NO_THROW(Trainer third(config));
}

TEST(Trainer, RefusesAnOutputPathThatIsAFile) {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "occupied") << "a file";
  RunConfig config = test::tiny_run(folder.path() / "occupied");
  config.data.train.shapes.count = 1 << 30;  // never looked at: the folder comes first
  expect_error(ErrorKind::kCannotCreate, {.where = "occupied"},
               [&] { const Trainer trainer(config); });
}

TEST(Trainer, RefusesFewerSamplesThanABatch) {
  const TemporaryFolder folder;
  RunConfig config = test::tiny_run(folder.path());
  config.data.train.shapes.count = 7;
  const Error error = error_of([&] { const Trainer trainer(config); });
  EXPECT_EQ(error.kind(), ErrorKind::kData);
  EXPECT_EQ(error.text().expected, "at least 8");
  EXPECT_EQ(error.text().found, "7");
}

TEST(Trainer, RefusesADeviceThatIsNotThere) {
  if (torch::cuda::is_available()) GTEST_SKIP() << "there is a CUDA device";
  const TemporaryFolder folder;
  RunConfig config = test::tiny_run(folder.path());
  config.run.device = "cuda";
  const Error error = error_of([&] { const Trainer trainer(config); });
  EXPECT_EQ(error.kind(), ErrorKind::kDevice);
  EXPECT_EQ(exit_code(error.kind()), 69);
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(Trainer, RefusesAVocabularyThatIsNotTheTokenizers) {
  const TemporaryFolder folder;
  RunConfig config = test::tiny_run(folder.path());
  config.model.text.vocab_size = 5000;
  expect_error(ErrorKind::kConfig, {.where = "model.text.vocab_size", .found = "5000"},
               [&] { const Trainer trainer(config); });
}

TEST(Trainer, RefusesAWarmUpAsLongAsTheRun) {
  const TemporaryFolder folder;
  RunConfig config = test::tiny_run(folder.path());
  config.optim.warmup_steps = 12;
  EXPECT_EQ(error_of([&] { const Trainer trainer(config); }).kind(), ErrorKind::kConfig);
}

TEST(Trainer, RefusesMicroBatchesThatDoNotDivideTheBatch) {
  const TemporaryFolder folder;
  RunConfig config = test::tiny_run(folder.path());
  config.train.accumulation_steps = 3;
  expect_error(ErrorKind::kConfig, {.what = "accumulation_steps"},
               [&] { const Trainer trainer(config); });
}

}  // namespace
}  // namespace tandem
