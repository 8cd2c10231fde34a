// Images matched with texts by the head of a BLIP model.
#include <cmath>

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/expect_error.h"
#include "core/temporary_folder.h"
#include "inference/tiny_model.h"
#include "tandem/core/device.h"
#include "tandem/image/transform.h"
#include "tandem/inference/pipeline.h"

namespace tandem {
namespace {

using Texts = std::vector<std::vector<std::string>>;

class Matching : public testing::Test {
 protected:
  Matching() {
    config_.model.text.cross_attention = true;
    config_.model.text.pool = TextPool::kCls;
    model_ = ClipModel(config_.model, 1);
    // First weights are so small that every logit is nearly the same.
    const torch::NoGradGuard no_grad;
    at::Generator generator = make_generator(torch::kCPU, 2);
    for (const ModelParameter& each : model_parameters(*model_))
      each.tensor.add_(torch::randn(each.tensor.sizes(), generator), 0.3);
    model_->eval();
  }

  [[nodiscard]] Pipeline pipeline(int64_t batch_size) const {
    return Pipeline::from_model(model_, test::tiny_tokenizer(), config_, batch_size);
  }
  static Image image(int64_t i) { return test::noise_image(18, 16, static_cast<uint64_t>(i)); }

  // One image and one text.
  float by_hand(int64_t i, const std::string& text) {
    const torch::NoGradGuard no_grad;
    torch::Tensor pixels = torch::empty({1, 3, 16, 16}, torch::kUInt8);
    write_planar(evaluation_transform(image(i), 16, config_.transform), pixels.data_ptr<uint8_t>());
    const auto ids = test::tiny_tokenizer()->encode(text, config_.model.text.context_length).ids;
    const torch::Tensor logits =
        model_->match(model_->encode_image_states(pixels), pack_tokens({ids}));  // [1, 2]
    return (logits[0][1] - logits[0][0]).item<float>();
  }

  void expect_by_hand(const PartialMatches& found, const Texts& texts) {
    ASSERT_EQ(found.logits.size(), texts.size());
    for (size_t i = 0; i < texts.size(); ++i) {
      ASSERT_EQ(found.logits[i].size(0), static_cast<int64_t>(texts[i].size()));
      for (size_t text = 0; text < texts[i].size(); ++text) {
        EXPECT_NEAR(found.logits[i][static_cast<int64_t>(text)].item<float>(),
                    by_hand(static_cast<int64_t>(i), texts[i][text]), 1e-5)
            << i << ", " << texts[i][text];
      }
    }
  }

  ModelConfig config_ = test::tiny_config();
  ClipModel model_{nullptr};
  const Texts texts_ = {{"a red circle", "two words"},
                        {"a cat"},
                        {},
                        {"the big star", "a blue square", "one red square on white"},
                        {"a dog", "a cat", "a photo of a circle"}};
};

TEST_F(Matching, GivesTheSameForAnyBatchAndAnyNumberOfTexts) {
  for (const int64_t batch_size : {1, 2, 4, 64})
    expect_by_hand(pipeline(batch_size).try_match(5, image, texts_), texts_);
}

TEST_F(Matching, OneTextForEachImageIsAProbability) {
  const TemporaryFolder folder;
  std::vector<std::filesystem::path> files;
  const std::vector<std::string> texts = {"a red circle", "two words", "a cat"};
  for (int64_t i = 0; i < 3; ++i) {
    files.push_back(folder.path() / (std::to_string(i) + ".bmp"));
    test::write_bmp(files.back(), image(i));
  }
  const torch::Tensor found = pipeline(2).match(files, texts);
  for (int64_t i = 0; i < 3; ++i) {
    const float logit = by_hand(i, texts[static_cast<size_t>(i)]);
    EXPECT_NEAR(found[i].item<float>(), 1 / (1 + std::exp(-logit)), 1e-5);
  }
}

TEST_F(Matching, AnInvalidImageDoesNotAffectTheOthers) {
  const auto load = [](int64_t i) {
    if (i == 3) throw Error(ErrorKind::kData, "damaged");
    return image(i);
  };
  PartialMatches found = pipeline(2).try_match(5, load, texts_);
  ASSERT_TRUE(found.errors[3]);
  EXPECT_EQ(found.errors[3]->text().what, "damaged");
  EXPECT_EQ(found.logits[3].abs().sum().item<float>(), 0);
  found.logits[3] = torch::tensor({by_hand(3, "the big star"), by_hand(3, "a blue square"),
                                   by_hand(3, "one red square on white")});
  expect_by_hand(found, texts_);
}

TEST_F(Matching, RefusesWhatDoesNotFit) {
  expect_error(ErrorKind::kUsage, {.expected = "4", .found = "5"},
               [&] { (void)pipeline(2).try_match(4, image, texts_); });
  const ModelConfig config = test::tiny_config();
  const Pipeline without =
      Pipeline::from_model(ClipModel(config.model, 1), test::tiny_tokenizer(), config, 4);
  expect_error(ErrorKind::kUsage, {.what = "no matching head"},
               [&] { (void)without.try_match(5, image, texts_); });
}

}  // namespace
}  // namespace tandem
