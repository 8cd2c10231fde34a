#include <fstream>

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
  const test::Folder folder;
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

TEST(DryRun, FailsAsTheRunWould) {
  const test::Folder folder;
  const int64_t before = leftovers();
  RunConfig config = test::tiny_run(folder.path());
  config.data.train.shapes.count = 7;
  EXPECT_EQ(test::error_of([&] { (void)dry_run(config); }).kind(), ErrorKind::kData);
  std::ofstream(folder.path() / "occupied") << "a file";
  config = test::tiny_run(folder.path() / "occupied");
  EXPECT_EQ(test::error_of([&] { (void)dry_run(config); }).kind(), ErrorKind::kCannotCreate);
  EXPECT_EQ(leftovers(), before);
}

TEST(DryRun, NamesPicturesThatAreMissing) {
  const test::Folder folder;
  RunConfig config = test::tiny_run(folder.path());
  config.data.train.kind = SourceKind::kTable;
  config.data.train.path = (folder.path() / "pairs.tsv").string();
  std::ofstream table(config.data.train.path);
  table << "filepath\ttitle\n";
  for (int row = 0; row < 20; ++row) table << "gone-" << row << ".png\ta picture of a cat\n";
  table.close();
  config.tokenizer.train_vocab_size = 30;
  const Error error = test::error_of([&] { (void)dry_run(config); });
  EXPECT_EQ(error.kind(), ErrorKind::kData);
  TANDEM_EXPECT_MENTIONS(error, "gone-");
}

TEST(DryRun, SaysThatValidationDataAreTrainingData) {
  const test::Folder folder;
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
  EXPECT_NE(
      said().find("20 of 20 samples of data.validation stand in data.train as well (picture-"),
      std::string::npos)
      << read_file(folder.path() / "log");
}

}  // namespace
}  // namespace tandem
