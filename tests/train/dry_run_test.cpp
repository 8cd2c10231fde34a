#include <fstream>
#include <map>

#include "tandem/core/files.h"
#include "tandem/core/log.h"
#include "train/tiny.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

int64_t leftovers() {
  int64_t count = 0;
  for (const auto& entry : fs::directory_iterator(fs::temp_directory_path()))
    if (entry.path().filename().string().starts_with("tandem-dry-run-")) ++count;
  return count;
}

TEST(DryRun, DoesEverythingOnceAndLeavesNoTrace) {
  const TemporaryFolder folder;
  const int64_t before = leftovers();
  const DryRunReport report = dry_run(test::tiny_run(folder.path() / "not" / "there"));
  EXPECT_GT(report.parameters, 5000);
  EXPECT_EQ(report.samples_checked, 64);
  EXPECT_EQ(report.bad_samples, 0);
  EXPECT_GT(report.seconds_per_step, 0.0);
  EXPECT_NEAR(report.estimated_seconds, 12 * report.seconds_per_step, 1e-9);
  EXPECT_GT(report.memory_mb, 50.0);
  // Weights and two moments in fp32.
  EXPECT_NEAR(report.checkpoint_mb, 12e-6 * static_cast<double>(report.parameters), 0.05);
  EXPECT_TRUE(fs::is_empty(folder.path()));
  EXPECT_EQ(leftovers(), before);
}

TEST(DryRun, TriesTheEvaluations) {
  const TemporaryFolder folder;
  const RunConfig config = test::tiny_run(folder.path());
  const Evaluator good = [](const Task&) { return Metrics{{"probe", 1.0}}; };
  EXPECT_EQ(dry_run(config, {}, {good}).metrics, (Metrics{{"probe", 1.0}}));
  const Evaluator bad = [](const Task&) -> Metrics {
    throw Error(ErrorKind::kData, "no image can be read");
  };
  expect_error(ErrorKind::kData, {.what = "no image can be read"}, [&] {
    (void)dry_run(config, {}, {good, bad});
  });
}

TEST(DryRun, FailsAsTheRunWould) {
  const TemporaryFolder folder;
  const int64_t before = leftovers();
  RunConfig config = test::tiny_run(folder.path());
  config.data.train.shapes.count = 7;
  EXPECT_EQ(error_of([&] { (void)dry_run(config); }).kind(), ErrorKind::kData);
  std::ofstream(folder.path() / "occupied") << "a file";
  config = test::tiny_run(folder.path() / "occupied");
  EXPECT_EQ(error_of([&] { (void)dry_run(config); }).kind(), ErrorKind::kCannotCreate);
  EXPECT_EQ(leftovers(), before);
}

// Two steps of `config`, with a checkpoint after each.
void begin_run(RunConfig config) {
  config.train.checkpoint_every_steps = 1;
  Trainer trainer(config);
  test::run_losses(trainer, 2);
}

std::map<fs::path, std::string> contents_of(const fs::path& folder) {
  std::map<fs::path, std::string> contents;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    contents[entry.path()] = entry.is_regular_file() ? read_file(entry.path()) : "";
  return contents;
}

TEST(DryRun, GoesOnFromWhatTheRunWould) {
  const TemporaryFolder folder;
  const RunConfig config = test::tiny_run(folder.path());
  begin_run(config);
  const DryRunReport report = dry_run(config);
  EXPECT_NEAR(report.estimated_seconds, 10 * report.seconds_per_step, 1e-9);

  RunConfig other = config;
  other.model.embed_dim = 32;
  expect_error(ErrorKind::kConfig, {.found = "model.embed_dim: 16 -> 32"},
               [&] { (void)dry_run(other); });
  EXPECT_EQ(error_of([&] { (void)dry_run(config, {.resume = Resume::kNever}); }).kind(),
            ErrorKind::kCannotCreate);
  const TrainerOptions nonsense{.resume = Resume::kFrom, .resume_from = "nonsense"};
  EXPECT_EQ(error_of([&] { (void)dry_run(config, nonsense); }).kind(), ErrorKind::kMissingInput);
}

TEST(DryRun, ChangesNothingInTheRun) {
  const TemporaryFolder folder;
  const RunConfig config = test::tiny_run(folder.path());
  begin_run(config);
  fs::remove(folder.path() / "tiny" / "checkpoints" / "step-00000002" / "state.json");
  const auto before = contents_of(folder.path());
  const DryRunReport report = dry_run(config);
  EXPECT_NEAR(report.estimated_seconds, 11 * report.seconds_per_step, 1e-9);
  EXPECT_EQ(contents_of(folder.path()), before);
}

TEST(DryRun, FindsOutWhetherTheRunCanBeSaved) {
  const TemporaryFolder folder;
  const fs::path run = folder.path() / "tiny";
  const auto kind_in = [](const fs::path& output_dir) {
    return error_of([&] { (void)dry_run(test::tiny_run(output_dir)); }).kind();
  };
  EXPECT_EQ(kind_in("/proc/tandem"), ErrorKind::kCannotCreate);
  fs::create_directory(run);
  std::ofstream(run / "checkpoints") << "in the way";
  EXPECT_EQ(kind_in(folder.path()), ErrorKind::kCannotCreate);
  if (::geteuid() == 0) return;  // may write everywhere
  fs::remove(run / "checkpoints");
  fs::create_directory(run / "checkpoints");
  for (const fs::path& place : {run / "checkpoints", run}) {
    fs::permissions(place, fs::perms::owner_read | fs::perms::owner_exec);
    EXPECT_EQ(kind_in(folder.path()), ErrorKind::kCannotCreate) << place;
    fs::permissions(place, fs::perms::owner_all);
  }
}

TEST(DryRun, NamesPicturesThatAreMissing) {
  const TemporaryFolder folder;
  RunConfig config = test::tiny_run(folder.path());
  config.data.train.kind = SourceKind::kTable;
  config.data.train.path = (folder.path() / "pairs.tsv").string();
  std::ofstream table(config.data.train.path);
  table << "filepath\ttitle\n";
  for (int row = 0; row < 20; ++row) table << "gone-" << row << ".png\ta picture of a cat\n";
  table.close();
  config.tokenizer.train_vocab_size = 30;
  expect_error(ErrorKind::kData, {.found = "gone-"}, [&] { (void)dry_run(config); });
}

TEST(DryRun, SaysThatValidationDataAreTrainingData) {
  const TemporaryFolder folder;
  RunConfig config = test::tiny_run(folder.path() / "runs");
  config.data.train.kind = SourceKind::kTable;
  config.data.train.path = (folder.path() / "pairs.tsv").string();
  std::ofstream table(config.data.train.path);
  table << "filepath\ttitle\n";
  const auto picture = fs::path(TANDEM_SOURCE_DIR) / "tests/golden/images/rgb.jpg";
  for (int row = 0; row < 20; ++row) {
    const std::string name = "picture-" + std::to_string(row) + ".jpg";
    fs::copy_file(picture, folder.path() / name);
    table << name << "\ta picture of a cat\n";
  }
  table.close();
  config.tokenizer.train_vocab_size = 30;
  config.data.augment = {};
  const auto said = [&] {
    {
      const LogFile log(folder.path() / "log");
      (void)dry_run(config);
    }
    return read_file(folder.path() / "log");
  };
  EXPECT_EQ(said().find("data.validation"), std::string::npos);
  config.data.validation = config.data.train;
  EXPECT_NE(said().find("20 of 20 samples of data.validation are in data.train as well (picture-"),
            std::string::npos)
      << read_file(folder.path() / "log");
}

}  // namespace
}  // namespace tandem
