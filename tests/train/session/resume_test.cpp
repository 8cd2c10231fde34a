#include <fstream>
#include <map>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "tandem/core/files.h"
#include "tandem/core/log.h"
#include "tandem/model/model_directory.h"
#include "tandem/train/checkpoint.h"
#include "tandem/train/clip_task.h"
#include "text/json_fixture.h"
#include "train/tiny.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

TensorMap copy_weights(const Trainer& trainer) {
  TensorMap weights = named_weights(*trainer.task().module());
  for (auto& [name, tensor] : weights) tensor = tensor.clone();
  return weights;
}

void expect_equal(const TensorMap& a, const TensorMap& b) {
  ASSERT_EQ(a.size(), b.size());
  for (const auto& [name, tensor] : a) EXPECT_TRUE(torch::equal(tensor, b.at(name))) << name;
}

RunConfig full_of_chance(const fs::path& output_dir) {
  RunConfig config = test::tiny_run(output_dir);
  config.model.text.dropout = config.model.image.dropout = 0.1;
  config.data.augment.flip_ratio = 0.5;
  config.data.augment.crop_scale_min = 0.5;
  config.train.accumulation_steps = 2;
  return config;
}

// Runs `config` for a few steps, as a process would that is asked to stop.
void run_part(const RunConfig& config, int64_t steps) {
  Trainer trainer(config);
  test::run_losses(trainer, steps);
}

class KillAndResume : public testing::TestWithParam<int64_t> {};

TEST_P(KillAndResume, GivesTheLossesAndWeightsOfAnUninterruptedRun) {
  const TemporaryFolder folder;
  RunConfig config = full_of_chance(folder.path());
  config.run.name = "straight";
  Trainer straight(config);
  const std::vector<double> expected = test::run_losses(straight);
  ASSERT_EQ(expected.size(), 12U);

  config.run.name = "interrupted";
  config.data.loader_threads = GetParam();
  std::vector<double> losses;
  {
    Trainer first(config);
    losses = test::run_losses(first, 5);
    ASSERT_EQ(losses.size(), 5U);
  }
  Trainer second(config);
  EXPECT_EQ(second.start_step(), 5);
  for (const double loss : test::run_losses(second)) losses.push_back(loss);
  EXPECT_EQ(losses, expected);
  expect_equal(copy_weights(second), copy_weights(straight));
}

INSTANTIATE_TEST_SUITE_P(LoaderThreads, KillAndResume, testing::Values(1, 2, 4));

TEST(Resume, IsExactInBf16Too) {
  const TemporaryFolder folder;
  RunConfig config = full_of_chance(folder.path());
  config.train.precision = Precision::kBf16;
  config.run.cpu_threads = 2;
  config.run.name = "straight";
  Trainer straight(config);
  const std::vector<double> expected = test::run_losses(straight);
  config.run.name = "interrupted";
  run_part(config, 5);
  Trainer second(config);
  const std::vector<double> rest = test::run_losses(second);
  EXPECT_EQ(rest, std::vector<double>(expected.begin() + 5, expected.end()));
  expect_equal(copy_weights(second), copy_weights(straight));
}

TEST(Resume, GoesOnFromTheLastCheckpointAfterASuddenEnd) {
  const TemporaryFolder folder;
  RunConfig config = test::tiny_run(folder.path());
  config.run.name = "straight";
  Trainer straight(config);
  const std::vector<double> expected = test::run_losses(straight);

  config.run.name = "killed";
  config.train.checkpoint_every_steps = 4;
  {
    Trainer trainer(config);
    trainer.on_log([](const StepStats& stats) {
      if (stats.step == 7) throw std::runtime_error("killed");
    });
    EXPECT_THROW(trainer.run(), std::runtime_error);
  }
  const fs::path metrics = folder.path() / "killed" / "metrics.jsonl";
  std::ofstream(metrics, std::ios::app) << "{\"step\": 8, \"tra";
  Trainer trainer(config);
  EXPECT_EQ(trainer.start_step(), 4);
  const std::vector<double> rest = test::run_losses(trainer);
  EXPECT_EQ(rest, std::vector<double>(expected.begin() + 4, expected.end()));

  std::vector<double> logged;
  std::ifstream stream(metrics);
  for (std::string line; std::getline(stream, line);)
    logged.push_back(nlohmann::json::parse(line).at("train/loss"));
  EXPECT_EQ(logged, expected);
}

TEST(Resume, TakesTheCheckpointBeforeADamagedOne) {
  const TemporaryFolder folder;
  RunConfig config = test::tiny_run(folder.path());
  config.train.checkpoint_every_steps = 3;
  config.train.keep_last = 2;
  run_part(config, 8);
  const fs::path checkpoints = folder.path() / "tiny" / "checkpoints";
  fs::resize_file(checkpoints / "step-00000008" / "model.safetensors", 100);
  Trainer trainer(config);
  EXPECT_EQ(trainer.start_step(), 6);
  EXPECT_TRUE(fs::exists(checkpoints / "step-00000008.damaged"));
}

class ChangedRun : public testing::TestWithParam<std::pair<const char*, void (*)(RunConfig&)>> {};

TEST_P(ChangedRun, IsRefusedWithTheDifference) {
  const TemporaryFolder folder;
  RunConfig config = test::tiny_run(folder.path());
  run_part(config, 2);
  GetParam().second(config);
  expect_error(ErrorKind::kConfig, {.found = GetParam().first, .hint = "another run.name"},
               [&] { const Trainer trainer(config); });
}

INSTANTIATE_TEST_SUITE_P(
    Fields, ChangedRun,
    testing::Values(
        std::pair{"model.image.layers: 1 -> 2", +[](RunConfig& c) { c.model.image.layers = 2; }},
        std::pair{"data.batch_size: 8 -> 4", +[](RunConfig& c) { c.data.batch_size = 4; }},
        std::pair{"run.seed: 7 -> 8", +[](RunConfig& c) { c.run.seed = 8; }},
        std::pair{"data.train.shapes.count: 64 -> 65",
                  +[](RunConfig& c) { c.data.train.shapes.count = 65; }},
        std::pair{"tokenizer.train_vocab_size: ",
                  +[](RunConfig& c) { c.tokenizer.train_vocab_size = 50; }}));

TEST(Resume, RefusesAnotherTokenizerUnderTheSameName) {
  const TemporaryFolder folder;
  RunConfig config = test::tiny_run(folder.path());
  run_part(config, 2);
  config.run.name = "other";
  config.tokenizer.train_vocab_size = 50;
  run_part(config, 1);
  fs::copy_file(folder.path() / "other" / "tokenizer.model",
                folder.path() / "tiny" / "tokenizer.model", fs::copy_options::overwrite_existing);
  config = test::tiny_run(folder.path());
  expect_error(ErrorKind::kConfig, {.found = "tokenizer (fingerprint)"},
               [&] { const Trainer trainer(config); });
}

TEST(Resume, FindsATokenizerOfEitherKind) {
  const TemporaryFolder folder;
  RunConfig config = test::tiny_run(folder.path());
  config.tokenizer.train_vocab_size = 0;
  config.tokenizer.file = (folder.path() / "words.json").string();
  write_file_atomically(config.tokenizer.file, small_word_piece().dump());
  run_part(config, 2);
  const fs::path run = folder.path() / "tiny";
  EXPECT_FALSE(fs::exists(run / "tokenizer.model"));
  EXPECT_EQ(Tokenizer::load(run / "tokenizer.json").fingerprint(),
            Tokenizer::load(config.tokenizer.file).fingerprint());

  // As older versions left it.
  fs::rename(run / "tokenizer.json", run / "tokenizer.model");
  EXPECT_EQ(Trainer(config).start_step(), 2);
  EXPECT_TRUE(fs::exists(run / "tokenizer.json"));
  EXPECT_FALSE(fs::exists(run / "tokenizer.model"));

  config.tokenizer = test::tiny_run(folder.path()).tokenizer;
  expect_error(ErrorKind::kConfig, {.found = "tokenizer.file"},
               [&] { const Trainer trainer(config); });
}

TEST(Resume, NeedsNoPretrainedWeights) {
  const TemporaryFolder folder;
  RunConfig config = test::tiny_run(folder.path());
  const fs::path model = Trainer(config).run().model_directory;
  config.run.name = "tuned";
  config.model.pretrained = model.string();
  config.model.image.freeze = true;
  run_part(config, 5);
  fs::remove_all(model);

  Trainer trainer(config);
  EXPECT_EQ(trainer.start_step(), 5);
  const torch::Tensor frozen = clip_model(trainer.task())->image->class_token.clone();
  EXPECT_EQ(trainer.run().steps, 12);
  EXPECT_TRUE(torch::equal(clip_model(trainer.task())->image->class_token, frozen));
}

TEST(Resume, AllowsOtherChangesAndNamesThem) {
  const TemporaryFolder folder;
  RunConfig config = test::tiny_run(folder.path());
  run_part(config, 2);
  config.optim.lr = 2e-3;
  config.train.max_steps = 14;
  {
    Trainer trainer(config);
    EXPECT_EQ(trainer.start_step(), 2);
    EXPECT_EQ(test::run_losses(trainer).size(), 12U);
  }
  const std::string log = read_file(folder.path() / "tiny" / "train.log");
  EXPECT_NE(log.find("resuming with changed settings"), std::string::npos);
  EXPECT_NE(log.find("train.max_steps: 12 -> 14"), std::string::npos);
}

/// A run on pictures that are transparent.
RunConfig transparent_run(const fs::path& folder) {
  const fs::path golden = fs::path(TANDEM_SOURCE_DIR) / "tests/golden/transparency";
  std::ofstream table(folder / "pairs.tsv");
  table << "filepath\ttitle\n";
  for (int i = 0; i < 4; ++i) {
    for (const char* name : {"rgba.png", "palette_8.png", "lossless.webp", "gray_alpha.png"})
      table << (golden / name).string() << "\tpicture " << i << " of " << name << '\n';
  }
  RunConfig config = test::tiny_run(folder);
  config.data.train = {.kind = SourceKind::kTable, .path = (folder / "pairs.tsv").string()};
  config.data.allow_outside_root = true;
  return config;
}

/// Makes the newest checkpoint one of a version that did not know data.transform.background.
void forget_background(const fs::path& run, int64_t step) {
  const fs::path folder = run / "checkpoints";
  Checkpoint checkpoint = load_checkpoint(checkpoint_path(folder, step));
  nlohmann::json config = nlohmann::json::parse(checkpoint.config_json);
  ASSERT_EQ(config["data"]["transform"].erase("background"), 1U);
  checkpoint.config_json = config.dump();
  fs::remove_all(checkpoint_path(folder, step));
  save_checkpoint(folder, checkpoint, 2);
}

TEST(Resume, OfARunOlderThanBackgroundsStillIgnoresTransparency) {
  const TemporaryFolder folder;
  RunConfig config = transparent_run(folder.path());
  config.data.transform.background = "drop";
  Trainer straight(config);
  const std::vector<double> expected = test::run_losses(straight);

  config.run.name = "old";
  run_part(config, 5);
  forget_background(folder.path() / "old", 5);
  config.data.transform.background = "";
  Trainer resumed(config);
  EXPECT_EQ(resumed.start_step(), 5);
  EXPECT_EQ(test::run_losses(resumed), std::vector<double>(expected.begin() + 5, expected.end()));
  EXPECT_EQ(load_model(folder.path() / "old" / "model").config.transform.background, "drop");
  const std::string log = read_file(folder.path() / "old" / "train.log");
  EXPECT_EQ(log.find("changed settings"), std::string::npos) << log;
}

TEST(Resume, BackgroundOfANewRunIsWhiteAndAnotherOneIsNamed) {
  const TemporaryFolder folder;
  RunConfig config = transparent_run(folder.path());
  Trainer trainer(config);
  const std::vector<double> losses = test::run_losses(trainer);
  EXPECT_EQ(load_model(folder.path() / "tiny" / "model").config.transform.background, "white");

  config.run.name = "old";
  run_part(config, 5);
  forget_background(folder.path() / "old", 5);
  config.data.transform.background = "white";
  Trainer resumed(config);
  EXPECT_EQ(test::run_losses(resumed), std::vector<double>(losses.begin() + 5, losses.end()));
  const std::string log = read_file(folder.path() / "old" / "train.log");
  EXPECT_NE(log.find(R"(data.transform.background: "drop" -> "white")"), std::string::npos) << log;
}

TEST(Resume, SaysWhatBecomesOfTheLearningRate) {
  const TemporaryFolder folder;
  RunConfig config = test::tiny_run(folder.path());
  config.optim.warmup_steps = 2;
  run_part(config, 11);
  config.train.max_steps = 24;
  run_part(config, 0);
  const std::string log = read_file(folder.path() / "tiny" / "train.log");
  // Of 12 steps, step 11 is the one before the last: half a cosine is nearly over.
  EXPECT_NE(
      log.find("learning rate: step 11 had 9.55e-05; step 12 gets 0.000641, as in a run of 24 "
               "steps from the start, and the last step 5.09e-06"),
      std::string::npos)
      << log;
}

TEST(Resume, NeverRefusesToWriteOverARun) {
  const TemporaryFolder folder;
  const RunConfig config = test::tiny_run(folder.path());
  { const Trainer unused(config, {.resume = Resume::kNever}); }
  run_part(config, 2);
  expect_error(ErrorKind::kCannotCreate,
               {.where = (folder.path() / "tiny").string(), .found = "step-00000002"},
               [&] { const Trainer trainer(config, {.resume = Resume::kNever}); });
}

TEST(Resume, FromACheckpointStartsAnotherRunThere) {
  const TemporaryFolder folder;
  RunConfig config = test::tiny_run(folder.path());
  Trainer straight(config);
  const std::vector<double> expected = test::run_losses(straight, 5);
  const fs::path checkpoint = folder.path() / "tiny" / "checkpoints" / "step-00000005";

  config.run.name = "branch";
  // With a slash at its end, as a shell completes it.
  const TrainerOptions from{.resume = Resume::kFrom, .resume_from = checkpoint / ""};
  {
    Trainer branch(config, from);
    EXPECT_EQ(branch.start_step(), 5);
    EXPECT_EQ(test::run_losses(branch).size(), 7U);
  }
  expect_error(ErrorKind::kCannotCreate, {.what = "later checkpoint"},
               [&] { const Trainer again(config, from); });
}

TEST(Resume, FromNowhereIsRefused) {
  const TemporaryFolder folder;
  const Error error = error_of([&] {
    const Trainer trainer(test::tiny_run(folder.path()),
                          {.resume = Resume::kFrom, .resume_from = folder.path() / "gone"});
  });
  EXPECT_EQ(error.kind(), ErrorKind::kMissingInput);
}

TEST(Resume, ACompleteRunOnlySavesAndEvaluatesAgain) {
  const TemporaryFolder folder;
  const RunConfig config = test::tiny_run(folder.path());
  double final_loss = 0;
  {
    Trainer trainer(config);
    final_loss = trainer.run().final_loss;
  }
  fs::remove_all(folder.path() / "tiny" / "model");
  Trainer trainer(config);
  trainer.add_evaluator([](const Task&) { return Metrics{{"probe/value", 3.0}}; });
  const TrainSummary summary = trainer.run();
  EXPECT_EQ(summary.steps, 12);
  EXPECT_FALSE(summary.interrupted);
  EXPECT_EQ(summary.final_loss, final_loss);
  EXPECT_EQ(summary.metrics.at("probe/value"), 3.0);
  EXPECT_TRUE(fs::exists(folder.path() / "tiny" / "model" / "model.safetensors"));
  EXPECT_NE(read_file(folder.path() / "tiny" / "train.log").find("run is complete at step 12"),
            std::string::npos);
}

}  // namespace
}  // namespace tandem
