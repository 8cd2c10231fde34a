#include "tandem/eval/evaluate.h"

#include <algorithm>

#include <gtest/gtest.h>
#include <torch/types.h>

#include "core/expect_error.h"
#include "inference/tiny_model.h"
#include "tandem/eval/embed_source.h"

namespace tandem {
namespace {

/// Samples held in memory; a sample without pixels is unusable.
class ListedSource : public Source {
 public:
  ListedSource(std::vector<RawSample> samples, std::vector<std::string> classes)
      : samples_(std::move(samples)), classes_(std::move(classes)) {}
  [[nodiscard]] int64_t size() const override { return static_cast<int64_t>(samples_.size()); }
  [[nodiscard]] RawSample sample(int64_t index, uint64_t) const override {
    const RawSample& found = samples_[static_cast<size_t>(index)];
    if (found.image.width == 0) throw Error(ErrorKind::kData, found.key + " is damaged");
    return found;
  }
  [[nodiscard]] std::string key(int64_t index) const override {
    return samples_[static_cast<size_t>(index)].key;
  }
  [[nodiscard]] std::vector<std::string> captions(int64_t index) const override {
    return samples_[static_cast<size_t>(index)].captions;
  }
  [[nodiscard]] const std::vector<std::string>& class_names() const override { return classes_; }
  [[nodiscard]] std::string fingerprint() const override { return "listed"; }

 private:
  std::vector<RawSample> samples_;
  std::vector<std::string> classes_;
};

RawSample sample(int number, std::vector<std::string> captions, int64_t label = -1) {
  return {.key = "sample" + std::to_string(number),
          .image = test::noise_image(18, 16, static_cast<uint64_t>(number)),
          .captions = std::move(captions),
          .class_index = label};
}

RawSample damaged(int number) {
  return {.key = "sample" + std::to_string(number), .image = {}, .captions = {"two words"}};
}

class EvaluateTest : public ::testing::Test {
 protected:
  const ModelConfig config_ = test::tiny_config();
  const Pipeline pipeline_ =
      Pipeline::from_model(ClipModel(config_.model, 3), test::tiny_tokenizer(), config_, 4);
};

TEST_F(EvaluateTest, EmbedsUsableSamplesInOrder) {
  const ListedSource source({sample(0, {"a"}, 1), damaged(1), sample(2, {"b", "c"}, 0), damaged(3)},
                            {"x", "y"});
  const EmbeddedSamples samples = embed_samples(pipeline_, source, {3, 2, 1, 0}, 0);
  EXPECT_EQ(samples.keys, (std::vector<std::string>{"sample2", "sample0"}));
  EXPECT_EQ(samples.labels, (std::vector<int64_t>{0, 1}));
  EXPECT_EQ(samples.captions[0], (std::vector<std::string>{"b", "c"}));
  ASSERT_EQ(samples.errors.size(), 2U);
  EXPECT_STREQ(samples.errors[0].what(), "sample3 is damaged");
  const torch::Tensor alone =
      pipeline_.encode_images(std::vector<Image>{test::noise_image(18, 16, 0)});
  EXPECT_TRUE(torch::allclose(samples.image_embeddings[1], alone[0], 1e-5, 1e-6));
}

TEST_F(EvaluateTest, ChoosesSamplesBySeedWithoutRepetition) {
  std::vector<RawSample> all;
  for (int i = 0; i < 50; ++i) all.push_back(sample(i, {"a"}));
  const ListedSource source(std::move(all), {});
  EXPECT_EQ(choose_samples(source, 100, 1).size(), 50U);
  const std::vector<int64_t> chosen = choose_samples(source, 10, 1);
  EXPECT_EQ(chosen.size(), 10U);
  EXPECT_TRUE(std::is_sorted(chosen.begin(), chosen.end()));
  EXPECT_EQ(std::adjacent_find(chosen.begin(), chosen.end()), chosen.end());
  EXPECT_GE(chosen.front(), 0);
  EXPECT_LT(chosen.back(), 50);
  EXPECT_EQ(choose_samples(source, 10, 1), chosen);
  EXPECT_NE(choose_samples(source, 10, 2), chosen);
  EXPECT_THROW((void)choose_samples(source, 0, 1), Error);
}

TEST_F(EvaluateTest, RetrievalAgreesWithScoringByHand) {
  const ListedSource source({sample(0, {"a red circle", "two words"}), damaged(1),
                             sample(2, {"a photo of a cat"}), sample(3, {"the big star"})},
                            {});
  const RetrievalResult result = evaluate_retrieval(pipeline_, source, {.max_samples = 100});
  EXPECT_EQ(result.images, 3);
  EXPECT_EQ(result.texts, 4);
  const torch::Tensor images = pipeline_.encode_images(std::vector<Image>{
      test::noise_image(18, 16, 0), test::noise_image(18, 16, 2), test::noise_image(18, 16, 3)});
  const torch::Tensor texts =
      pipeline_.encode_texts({"a red circle", "two words", "a photo of a cat", "the big star"});
  const RetrievalResult expected = score_retrieval({images, texts, {0, 0, 1, 2}});
  EXPECT_EQ(result.image_to_text[0], expected.image_to_text[0]);
  EXPECT_EQ(result.text_to_image[0], expected.text_to_image[0]);
  EXPECT_EQ(result.text_to_image_median_rank, expected.text_to_image_median_rank);
}

TEST_F(EvaluateTest, EqualCaptionsAreOneGroup) {
  const ListedSource source(
      {sample(0, {"two words"}), sample(1, {" two  words\n"}), sample(2, {"two words"})}, {});
  const RetrievalResult result = evaluate_retrieval(pipeline_, source, {.max_samples = 100});
  EXPECT_EQ(result.texts, 3);
  EXPECT_EQ(result.image_to_text[0], 1.0);
  EXPECT_EQ(result.text_to_image[0], 1.0);
}

TEST_F(EvaluateTest, ZeroShotAgreesWithScoringByHand) {
  const ListedSource source({sample(0, {}, 0), sample(1, {}, 1), damaged(2), sample(3, {}, 1)},
                            {"red circle", "cat"});
  const ZeroShotResult result = evaluate_zero_shot(pipeline_, source, {"a {}", "{c}"}, 100, 0);
  EXPECT_EQ(result.count, 3);
  const torch::Tensor images = pipeline_.encode_images(std::vector<Image>{
      test::noise_image(18, 16, 0), test::noise_image(18, 16, 1), test::noise_image(18, 16, 3)});
  const ZeroShotResult expected =
      score_zero_shot(images, torch::tensor({0, 1, 1}, torch::kInt64),
                      zero_shot_classifier(pipeline_, {"red circle", "cat"}, {"a {}", "{c}"}));
  EXPECT_EQ(result.top1, expected.top1);
  EXPECT_EQ(result.mean_per_class_recall, expected.mean_per_class_recall);
}

TEST_F(EvaluateTest, ZeroShotLeavesOutSamplesWithoutAClass) {
  const std::vector<std::string> classes = {"red circle", "cat"};
  const ListedSource some({sample(0, {}, 0), sample(1, {}), sample(2, {}, 1)}, classes);
  const ListedSource labelled({sample(0, {}, 0), sample(2, {}, 1)}, classes);
  const ZeroShotResult result = evaluate_zero_shot(pipeline_, some, {"a {}"}, 100, 0);
  const ZeroShotResult expected = evaluate_zero_shot(pipeline_, labelled, {"a {}"}, 100, 0);
  EXPECT_EQ(result.count, 2);
  EXPECT_EQ(result.top1, expected.top1);
  EXPECT_EQ(result.mean_per_class_recall, expected.mean_per_class_recall);
  const ListedSource none({sample(0, {}), sample(1, {})}, classes);
  expect_error(ErrorKind::kData, {.what = "none of 2 samples has a class"},
               [&] { (void)evaluate_zero_shot(pipeline_, none, {"a {}"}, 100, 0); });
}

TEST_F(EvaluateTest, NothingToEvaluateOnIsAnError) {
  const ListedSource broken({damaged(0), damaged(1)}, {"cat"});
  EXPECT_THROW((void)evaluate_retrieval(pipeline_, broken, {.max_samples = 10}), Error);
  EXPECT_THROW((void)evaluate_zero_shot(pipeline_, broken, {"{}"}, 10, 0), Error);
  const ListedSource unclassified({sample(0, {"a"})}, {});
  expect_error(ErrorKind::kData, {.expected = "kind folder or shapes, or wds"},
               [&] { (void)evaluate_zero_shot(pipeline_, unclassified, {"{}"}, 10, 0); });
  EXPECT_THROW((void)evaluate_retrieval(pipeline_, ListedSource({}, {}), {.max_samples = 10}),
               Error);
}

}  // namespace
}  // namespace tandem
