#include "tandem/eval/zero_shot.h"

#include <limits>

#include <gtest/gtest.h>
#include <torch/types.h>

#include "inference/tiny_model.h"

namespace tandem {
namespace {

Pipeline tiny_pipeline() {
  const ModelConfig config = test::tiny_config();
  return Pipeline::from_model(ClipModel(config.model, 3), test::tiny_tokenizer(), config, 8);
}

torch::Tensor labels(const std::vector<int64_t>& values) {
  return torch::tensor(values, torch::kInt64);
}

TEST(FillTemplate, FillsEveryMark) {
  EXPECT_EQ(fill_template("a photo of a {}", "cat"), "a photo of a cat");
  EXPECT_EQ(fill_template("{c}, a {label} or {}", "cat"), "cat, a cat or cat");
  EXPECT_EQ(fill_template("{{}}", "cat"), "{cat}");
}

TEST(FillTemplate, DoesNotFillAClassNameAgain) {
  EXPECT_EQ(fill_template("{} {c}", "{label}"), "{label} {label}");
}

TEST(FillTemplate, NeedsAMark) {
  EXPECT_THROW((void)fill_template("a photo", "cat"), Error);
  EXPECT_THROW((void)fill_template("a {photo}", "cat"), Error);
  EXPECT_THROW((void)fill_template("", "cat"), Error);
}

TEST(ZeroShotClassifier, IsTheUnitMeanOfUnitPrompts) {
  const Pipeline pipeline = tiny_pipeline();
  const std::vector<std::string> templates = {"a photo of a {}", "the big {c}", "{label}"};
  const torch::Tensor classifier = zero_shot_classifier(pipeline, {"red circle", "cat"}, templates);
  ASSERT_EQ(classifier.sizes(), (std::vector<int64_t>{2, 16}));
  const torch::Tensor prompts =
      pipeline.encode_texts({"a photo of a cat", "the big cat", "cat"});  // [3, D]
  const torch::Tensor mean = (prompts / prompts.norm(2, 1, true)).mean(0);
  EXPECT_TRUE(torch::allclose(classifier[1], mean / mean.norm(), 1e-5, 1e-6));
}

TEST(ZeroShotClassifier, RefusesBadClassesAndTemplates) {
  const Pipeline pipeline = tiny_pipeline();
  const std::vector<std::string> templates = {"a {}"};
  EXPECT_THROW((void)zero_shot_classifier(pipeline, {}, templates), Error);
  EXPECT_THROW((void)zero_shot_classifier(pipeline, {"cat", ""}, templates), Error);
  EXPECT_THROW((void)zero_shot_classifier(pipeline, {"cat", " \t"}, templates), Error);
  EXPECT_THROW((void)zero_shot_classifier(pipeline, {"cat", "dog", "cat"}, templates), Error);
  EXPECT_THROW((void)zero_shot_classifier(pipeline, {"cat"}, {}), Error);
  EXPECT_THROW((void)zero_shot_classifier(pipeline, {"cat"}, {"a {}", "no mark"}), Error);
}

TEST(ZeroShotScore, CountsKnownRanks) {
  // Similarities fall with the class number, so class c has rank c + 1 for every picture.
  const torch::Tensor classifier = torch::tensor({{8.F}, {7.F}, {6.F}, {5.F}, {4.F}, {3.F}, {2.F}});
  const torch::Tensor images = torch::ones({8, 1});
  const ZeroShotResult result =
      score_zero_shot(images, labels({0, 0, 0, 1, 4, 5, 6, 6}), classifier);
  EXPECT_EQ(result.count, 8);
  EXPECT_DOUBLE_EQ(result.top1, 3.0 / 8.0);
  EXPECT_DOUBLE_EQ(result.top5, 5.0 / 8.0);
  EXPECT_DOUBLE_EQ(result.mean_per_class_recall, 1.0 / 5.0) << "five classes have pictures";
}

TEST(ZeroShotScore, MeanPerClassRecallWeighsClassesEqually) {
  const torch::Tensor classifier = torch::eye(3);
  const torch::Tensor images =
      torch::stack({classifier[0], classifier[0], classifier[0], classifier[0]});
  const ZeroShotResult result = score_zero_shot(images, labels({0, 0, 0, 1}), classifier);
  EXPECT_DOUBLE_EQ(result.top1, 0.75);
  EXPECT_DOUBLE_EQ(result.mean_per_class_recall, 0.5);
}

TEST(ZeroShotScore, TiesAndNotANumberAreWrong) {
  const ZeroShotResult collapsed =
      score_zero_shot(torch::ones({6, 4}), labels({0, 1, 2, 3, 4, 5}), torch::ones({6, 4}));
  EXPECT_EQ(collapsed.top1, 0.0);
  EXPECT_EQ(collapsed.top5, 0.0);
  torch::Tensor images = torch::eye(3);
  images[1].fill_(std::numeric_limits<float>::quiet_NaN());
  const ZeroShotResult damaged = score_zero_shot(images, labels({0, 1, 2}), torch::eye(3));
  EXPECT_DOUBLE_EQ(damaged.top1, 2.0 / 3.0);
  EXPECT_DOUBLE_EQ(damaged.top5, 2.0 / 3.0) << "five places for three classes save no NaN";
}

TEST(ZeroShotScore, NoPictureIsNoScore) {
  const ZeroShotResult result = score_zero_shot(torch::empty({0, 3}), labels({}), torch::eye(3));
  EXPECT_EQ(result.count, 0);
  EXPECT_EQ(result.top1, 0.0);
  EXPECT_EQ(result.mean_per_class_recall, 0.0);
}

TEST(ZeroShotScore, RefusesWhatDoesNotFit) {
  EXPECT_THROW((void)score_zero_shot(torch::eye(3), labels({0, 1, 3}), torch::eye(3)), Error);
  EXPECT_THROW((void)score_zero_shot(torch::eye(3), labels({0, -1, 2}), torch::eye(3)), Error);
  EXPECT_THROW((void)score_zero_shot(torch::eye(3), labels({0, 1}), torch::eye(3)), Error);
  EXPECT_THROW((void)score_zero_shot(torch::eye(3), labels({0, 1, 2}), torch::eye(4)), Error);
}

}  // namespace
}  // namespace tandem
