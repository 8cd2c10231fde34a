#include "tandem/eval/evaluators.h"

#include <fstream>

#include <gtest/gtest.h>
#include <torch/types.h>

#include "core/expect_error.h"
#include "core/temporary_folder.h"
#include "inference/tiny_model.h"
#include "tandem/core/error.h"
#include "tandem/core/random.h"
#include "tandem/data/shapes.h"
#include "tandem/eval/evaluate.h"

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
  /// The model as an evaluation sees it.
  [[nodiscard]] Pipeline view() const {
    const ModelConfig config{
        .model = model_->options(), .tokenizer = {}, .transform = config_.data.transform};
    return Pipeline::from_model(model_, test::tiny_tokenizer(), config, 16);
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
    const bool seen = std::string(name) == "zero_shot/seen_top1";
    const auto shapes = make_shapes_source(
        {.count = 60, .split = seen ? ShapesSplit::kSeen : ShapesSplit::kUnseen}, 16);
    const uint64_t seed = mix_seed({config_.run.seed, 0x6576616c75617465});
    EXPECT_EQ(metrics.at(name),
              evaluate_zero_shot(view(), *shapes, config_.eval.templates, 60, seed).top1);
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
  expect_error(ErrorKind::kData, {.expected = "2 names in the folders' order"},
               [&] { (void)evaluate(); });
}

// Share of the rows of `similarity` [N, N] in which fewer than `depth` others beat the diagonal.
double recall_at(int64_t depth, const torch::Tensor& similarity) {
  const torch::Tensor better = similarity.gt(similarity.diagonal().unsqueeze(1)).sum(1);  // [N]
  return better.lt(depth).to(torch::kFloat64).mean().item<double>();
}

TEST_F(EvaluatorsTest, EachImageIsRetrievedByItsOwnCaption) {
  const fs::path manifest = folder_.path() / "pairs.tsv";
  const std::vector<std::string> captions = test::tiny_captions();
  std::vector<fs::path> files;
  std::string text = "filepath\ttitle\n";
  for (size_t i = 0; i < captions.size(); ++i) {
    const std::string name = std::to_string(i) + ".bmp";
    files.push_back(folder_.path() / name);
    test::write_bmp(files.back(), test::noise_image(20, 20, i));
    text += name + "\t" + captions[i] + "\n";
  }
  write_file_atomically(manifest, text);
  config_.data.validation.kind = SourceKind::kTable;
  config_.data.validation.path = manifest.string();
  const auto metrics = evaluate();
  ASSERT_EQ(metrics.size(), 10U);
  EXPECT_DOUBLE_EQ(metrics.at("retrieval/text_retrieval_recall@1_chance"), 1.0 / 9);

  const torch::Tensor similarity = [&] {
    const Pipeline pipeline = view();
    return pipeline.similarity(pipeline.encode_images(files), pipeline.encode_texts(captions));
  }();
  for (const int64_t depth : {1, 5}) {
    const std::string end = "_retrieval_recall@" + std::to_string(depth);
    EXPECT_DOUBLE_EQ(metrics.at("retrieval/text" + end), recall_at(depth, similarity));
    EXPECT_DOUBLE_EQ(metrics.at("retrieval/image" + end), recall_at(depth, similarity.t()));
  }
  // A wrong pairing would show.
  EXPECT_NE(recall_at(5, similarity), recall_at(5, similarity.roll(1, 0)));
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
  expect_error(ErrorKind::kConfig, {.hint = "zero_shot/unseen_top1"},
               [&] { check_best_metric(config_); });
  config_.data.train.kind = SourceKind::kTable;
  expect_error(ErrorKind::kConfig, {.hint = "data.validation"},
               [&] { check_best_metric(config_); });
}

}  // namespace
}  // namespace tandem
