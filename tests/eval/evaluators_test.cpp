#include "tandem/eval/evaluators.h"

#include <fstream>

#include <gtest/gtest.h>
#include <torch/types.h>

#include "core/expect_error.h"
#include "core/temporary_folder.h"
#include "inference/tiny_model.h"
#include "tandem/core/error.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

class EvaluatorsTest : public ::testing::Test {
 protected:
  EvaluatorsTest() {
    const ModelConfig tiny = test::tiny_config();
    config_.model = tiny.model;
    config_.eval.max_samples = 60;
    config_.eval.batch_size = 16;
    model_ = ClipModel(tiny.model, 3);
  }
  std::map<std::string, double> evaluate() { return all_of(make_evaluators(config_)); }
  /// What all of `evaluators` give.
  template <typename Evaluators>
  std::map<std::string, double> all_of(const Evaluators& evaluators) {
    std::map<std::string, double> metrics;
    for (const auto& evaluator : evaluators)
      metrics.merge(evaluator(model_, *test::tiny_tokenizer()));
    return metrics;
  }
  void write_tree(const fs::path& root) {
    for (const char* name : {"cat", "red circle"}) {
      fs::create_directories(root / name);
      for (uint64_t i = 0; i < 3; ++i) {
        test::write_bmp(root / name / (std::to_string(i) + ".bmp"), test::noise_image(20, 20, i));
      }
    }
  }

  TemporaryFolder folder_;
  RunConfig config_;
  ClipModel model_{nullptr};
};

TEST_F(EvaluatorsTest, AConfigurationThatAsksForNothingGetsNothing) {
  EXPECT_TRUE(evaluate().empty());
}

TEST_F(EvaluatorsTest, ShapesAreClassifiedSeenAndUnseen) {
  config_.data.train.kind = SourceKind::kShapes;
  const auto evaluators = make_evaluators(config_);
  model_->train();
  const auto metrics = all_of(evaluators);
  EXPECT_TRUE(model_->is_training());
  ASSERT_EQ(metrics.size(), 4U);
  for (const char* name : {"zero_shot/seen_top1", "zero_shot/unseen_top1"}) {
    ASSERT_TRUE(metrics.contains(name));
    EXPECT_GE(metrics.at(name), 0.0);
    EXPECT_LE(metrics.at(name), 1.0);
  }
  EXPECT_EQ(all_of(evaluators), metrics) << "the same pictures each time";
}

TEST_F(EvaluatorsTest, ATreeOfClassesIsOpenedOnce) {
  const fs::path root = folder_.path() / "tree";
  write_tree(root);
  config_.eval.zero_shot_path = root.string();
  const auto evaluators = make_evaluators(config_);
  const auto metrics = all_of(evaluators);
  ASSERT_EQ(metrics.size(), 4U);
  // The two classes hold the same three pictures: exactly half of the answers can be right.
  EXPECT_DOUBLE_EQ(metrics.at("zero_shot/acc1"), 0.5);
  EXPECT_DOUBLE_EQ(metrics.at("zero_shot/acc1_chance"), 0.5);
  EXPECT_DOUBLE_EQ(metrics.at("zero_shot/mean_per_class_recall"), 0.5);
  EXPECT_DOUBLE_EQ(metrics.at("zero_shot/acc5"), 1.0);
  fs::create_directories(root / "another class");
  EXPECT_EQ(all_of(evaluators), metrics);
}

TEST_F(EvaluatorsTest, TheFoldersOfATreeCanBeGivenNames) {
  const fs::path root = folder_.path() / "tree";
  write_tree(root);
  config_.eval.zero_shot_path = root.string();
  config_.eval.zero_shot_class_names = (folder_.path() / "names.txt").string();
  std::ofstream(folder_.path() / "names.txt") << "a red circle\na blue square\n";
  EXPECT_EQ(evaluate().size(), 4U);
  std::ofstream(folder_.path() / "names.txt") << "one name\n";
  expect_error(ErrorKind::kData, "2 names in the folders' order", [&] { (void)evaluate(); });
}

TEST_F(EvaluatorsTest, ValidationPairsAreRetrieved) {
  const fs::path manifest = folder_.path() / "pairs.tsv";
  std::string text = "filepath\ttitle\n";
  for (uint64_t i = 0; i < 4; ++i) {
    const std::string name = std::to_string(i) + ".bmp";
    test::write_bmp(folder_.path() / name, test::noise_image(20, 20, i));
    text += name + "\ttwo words\n";
  }
  write_file_atomically(manifest, text);
  config_.data.validation.kind = SourceKind::kTable;
  config_.data.validation.path = manifest.string();
  const auto metrics = evaluate();
  ASSERT_EQ(metrics.size(), 10U);
  EXPECT_DOUBLE_EQ(metrics.at("retrieval/text_retrieval_recall@1_chance"), 0.25);
  for (const char* name :
       {"text_retrieval_recall@1", "text_retrieval_recall@5", "text_retrieval_recall@10",
        "image_retrieval_recall@1", "image_retrieval_recall@5", "image_retrieval_recall@10"})
    EXPECT_DOUBLE_EQ(metrics.at(std::string("retrieval/") + name), 1.0) << "all captions are equal";
}

TEST_F(EvaluatorsTest, DataThatIsNotThereIsAnErrorAtOnce) {
  config_.eval.zero_shot_path = (folder_.path() / "nowhere").string();
  EXPECT_THROW((void)make_evaluators(config_), Error);
}

TEST_F(EvaluatorsTest, NamesOfMetricsAreKnownBefore) {
  const fs::path root = folder_.path() / "tree";
  write_tree(root);
  config_.eval.zero_shot_path = root.string();
  config_.data.train.kind = SourceKind::kShapes;
  const std::vector<std::string> names = metric_names(config_);
  const auto metrics = evaluate();
  for (const std::string& name : names) EXPECT_TRUE(metrics.contains(name)) << name;
  EXPECT_EQ(names.size(), 5U);
  for (const std::string& name : names) {
    config_.train.keep_best_metric = name;
    EXPECT_NO_THROW(check_best_metric(config_));
  }
}

TEST_F(EvaluatorsTest, AMetricThatNothingGivesIsRefusedWithTheNearestName) {
  config_.train.keep_best_metric = "zero_shot/unseen_top_1";
  config_.data.train.kind = SourceKind::kShapes;
  expect_error(ErrorKind::kConfig, "Try: zero_shot/unseen_top1",
               [&] { check_best_metric(config_); });
  config_.data.train.kind = SourceKind::kTable;
  expect_error(ErrorKind::kConfig, "data.validation", [&] { check_best_metric(config_); });
}

}  // namespace
}  // namespace tandem
