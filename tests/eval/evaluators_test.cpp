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
  std::map<std::string, double> evaluate() {
    return make_evaluator(config_)(model_, *test::tiny_tokenizer());
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
  const auto evaluator = make_evaluator(config_);
  model_->train();
  const auto metrics = evaluator(model_, *test::tiny_tokenizer());
  EXPECT_TRUE(model_->is_training());
  ASSERT_EQ(metrics.size(), 2U);
  for (const char* name : {"zero_shot/seen_top1", "zero_shot/unseen_top1"}) {
    ASSERT_TRUE(metrics.contains(name));
    EXPECT_GE(metrics.at(name), 0.0);
    EXPECT_LE(metrics.at(name), 1.0);
  }
  EXPECT_EQ(evaluator(model_, *test::tiny_tokenizer()), metrics) << "the same pictures each time";
}

TEST_F(EvaluatorsTest, ATreeOfClassesIsOpenedOnce) {
  const fs::path root = folder_.path() / "tree";
  write_tree(root);
  config_.eval.zero_shot_path = root.string();
  const auto evaluator = make_evaluator(config_);
  const auto metrics = evaluator(model_, *test::tiny_tokenizer());
  ASSERT_EQ(metrics.size(), 3U);
  // The two classes hold the same three pictures: exactly half of the answers can be right.
  EXPECT_DOUBLE_EQ(metrics.at("zero_shot/top1"), 0.5);
  EXPECT_DOUBLE_EQ(metrics.at("zero_shot/mean_per_class_recall"), 0.5);
  EXPECT_DOUBLE_EQ(metrics.at("zero_shot/top5"), 1.0);
  fs::create_directories(root / "another class");
  EXPECT_EQ(evaluator(model_, *test::tiny_tokenizer()), metrics);
}

TEST_F(EvaluatorsTest, TheFoldersOfATreeCanBeGivenNames) {
  const fs::path root = folder_.path() / "tree";
  write_tree(root);
  config_.eval.zero_shot_path = root.string();
  config_.eval.zero_shot_class_names = (folder_.path() / "names.txt").string();
  std::ofstream(folder_.path() / "names.txt") << "a red circle\na blue square\n";
  EXPECT_EQ(make_evaluator(config_)(model_, *test::tiny_tokenizer()).size(), 3U);
  std::ofstream(folder_.path() / "names.txt") << "one name\n";
  expect_error(ErrorKind::kData, "2 names in the folders' order",
               [&] { (void)make_evaluator(config_)(model_, *test::tiny_tokenizer()); });
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
  ASSERT_EQ(metrics.size(), 8U);
  for (const char* name : {"image_to_text_R@1", "image_to_text_R@5", "image_to_text_R@10",
                           "text_to_image_R@1", "text_to_image_R@5", "text_to_image_R@10"})
    EXPECT_DOUBLE_EQ(metrics.at(std::string("retrieval/") + name), 1.0) << "all captions are equal";
}

TEST_F(EvaluatorsTest, DataThatIsNotThereIsAnErrorAtOnce) {
  config_.eval.zero_shot_path = (folder_.path() / "nowhere").string();
  EXPECT_THROW((void)make_evaluator(config_), Error);
}

}  // namespace
}  // namespace tandem
