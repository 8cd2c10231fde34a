#include "tandem/model/generation.h"

#include <cmath>
#include <set>

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/expect_error.h"
#include "model/captioner.h"
#include "tandem/core/error.h"

namespace tandem {
namespace {

constexpr int64_t kImages = 7;

class Generation : public testing::TestWithParam<DecodingStrategy> {
 protected:
  Generation() {
    options_.strategy = GetParam();
    options_.max_new_tokens = 9;
    options_.seed = 11;
    const torch::NoGradGuard no_grad;
    for (double bias = 0.0; lengths().size() < 2 && bias < 20.0; bias += 0.5)
      model_->decoder->head_bias[2] = bias;
  }

  // The texts should end at several ones.
  [[nodiscard]] std::set<size_t> lengths() const {
    std::set<size_t> found;
    for (const GeneratedText& text : write(options_)) found.insert(text.ids.size());
    return found;
  }

  [[nodiscard]] std::vector<GeneratedText> write(const GenerationOptions& options) const {
    return generate(model_->decoder, images_, options);
  }

  ClipModel model_ = make_captioner(CaptionerForm::kRoberta);
  torch::Tensor images_ = torch::randn({kImages, 5, 24}, make_generator(torch::kCPU, 5)) * 2;
  GenerationOptions options_;
};

TEST_P(Generation, ABatchGivesWhatEachPictureGivesAlone) {
  const std::vector<GeneratedText> together = write(options_);
  EXPECT_GT(lengths().size(), 1U);
  for (int64_t b = 0; b < kImages; ++b) {
    const auto alone = generate(model_->decoder, images_.slice(0, b, b + 1), options_, {b});
    EXPECT_EQ(alone.front().ids, together[static_cast<size_t>(b)].ids) << b;
    EXPECT_NEAR(alone.front().score, together[static_cast<size_t>(b)].score, 1e-4) << b;
  }
}

// Without a cache: the whole text again for every token.
TEST_P(Generation, TheScoreIsThatOfOnePassOverTheText) {
  const torch::NoGradGuard no_grad;
  options_.prompt = {5, 6};
  options_.length_penalty = 0.7;
  const std::vector<GeneratedText> texts = write(options_);
  for (int64_t b = 0; b < kImages; ++b) {
    const GeneratedText& text = texts[static_cast<size_t>(b)];
    std::vector<int32_t> ids = {0, 5, 6};
    ids.insert(ids.end(), text.ids.begin(), text.ids.end());
    if (text.ended) ids.push_back(2);
    const TokenBatch batch = pack_tokens({ids});
    const torch::Tensor log_probabilities =
        model_->decoder->logits(model_->decoder(batch, images_.slice(0, b, b + 1))).log_softmax(1);
    const torch::Tensor chosen =
        log_probabilities.slice(0, 2, -1).gather(1, batch.ids.slice(0, 3).unsqueeze(1));
    const double expected =
        chosen.sum().item<double>() / std::pow(static_cast<double>(chosen.size(0)), 0.7);
    EXPECT_NEAR(text.score, expected, 1e-4) << b;
  }
}

TEST_P(Generation, KeepsItsLimits) {
  options_.min_new_tokens = 4;
  options_.max_new_tokens = 6;
  for (const GeneratedText& text : write(options_)) {
    EXPECT_GE(text.ids.size(), 4U);
    EXPECT_LE(text.ids.size() + (text.ended ? 1 : 0), 6U);
    EXPECT_TRUE(text.ended || text.ids.size() == 6);
  }
}

TEST_P(Generation, RepeatsNoNgram) {
  options_.no_repeat_ngram = 1;
  options_.prompt = {5, 6};
  for (const GeneratedText& text : write(options_)) {
    std::set<int32_t> seen = {0, 5, 6};
    for (const int32_t id : text.ids) EXPECT_TRUE(seen.insert(id).second) << id;
  }
}

INSTANTIATE_TEST_SUITE_P(Strategies, Generation,
                         testing::Values(DecodingStrategy::kGreedy, DecodingStrategy::kBeam,
                                         DecodingStrategy::kNucleus));

TEST(Nucleus, FollowsItsSeedAndThePicturesNumber) {
  ClipModel model = make_captioner(CaptionerForm::kRoberta);
  const torch::Tensor images = torch::randn({1, 5, 24}, make_generator(torch::kCPU, 5));
  GenerationOptions options{.strategy = DecodingStrategy::kNucleus, .max_new_tokens = 10};
  const auto ids = [&](uint64_t seed, int64_t number) {
    options.seed = seed;
    return generate(model->decoder, images, options, {number}).front().ids;
  };
  EXPECT_EQ(ids(1, 0), ids(1, 0));
  EXPECT_NE(ids(1, 0), ids(2, 0));
  EXPECT_NE(ids(1, 0), ids(1, 1));
}

TEST(GenerationOptions, WithoutALimitTextsFillTheContext) {
  ClipModel model = make_captioner(CaptionerForm::kRoberta);
  const torch::NoGradGuard no_grad;
  model->decoder->head_bias[2] = -100.0;  // The end token.
  const torch::Tensor images = torch::randn({2, 5, 24}, make_generator(torch::kCPU, 5));
  for (const auto& [prompt, tokens] :
       {std::pair(std::vector<int32_t>{}, 12), {std::vector<int32_t>{5, 6}, 10}}) {
    const auto texts = generate(model->decoder, images, {.prompt = prompt});
    EXPECT_EQ(texts.front().ids.size(), static_cast<size_t>(tokens));
    EXPECT_FALSE(texts.front().ended);
  }
}

TEST(Nucleus, ASmallOneIsGreedy) {
  ClipModel model = make_captioner(CaptionerForm::kBert);
  const torch::Tensor images = torch::randn({4, 5, 24}, make_generator(torch::kCPU, 5));
  GenerationOptions options{.max_new_tokens = 8};
  const auto greedy = generate(model->decoder, images, options);
  options.strategy = DecodingStrategy::kNucleus;
  options.top_p = 1e-6;
  const auto drawn = generate(model->decoder, images, options);
  for (size_t b = 0; b < 4; ++b) EXPECT_EQ(drawn[b].ids, greedy[b].ids) << b;
}

// With every token allowed, shares are those of the softmax.
TEST(Nucleus, DrawsAsOftenAsProbable) {
  const torch::NoGradGuard no_grad;
  ClipModel model = make_captioner(CaptionerForm::kBert);
  const torch::Tensor image = torch::randn({1, 5, 24}, make_generator(torch::kCPU, 5));
  const torch::Tensor expected =
      model->decoder->logits(model->decoder(pack_tokens({{0}}), image)).softmax(1).squeeze(0);
  const int64_t draws = 4000;
  GenerationOptions options{
      .strategy = DecodingStrategy::kNucleus, .top_p = 1.0, .max_new_tokens = 1};
  torch::Tensor counts = torch::zeros({40});
  for (const GeneratedText& text : generate(model->decoder, image.expand({draws, -1, -1}), options))
    counts[text.ended ? 2 : text.ids.front()] += 1;
  EXPECT_LT((counts / draws - expected).abs().max().item<double>(), 0.03);
}

TEST(GenerationOptions, OutOfRangeAreRefused) {
  ClipModel model = make_captioner(CaptionerForm::kRoberta);
  const torch::Tensor images = torch::zeros({1, 5, 24});
  const auto refused = [&](GenerationOptions options, const ErrorParts& parts) {
    expect_error(ErrorKind::kUsage, parts,
                 [&] { (void)generate(model->decoder, images, options); });
  };
  const auto beam = DecodingStrategy::kBeam, nucleus = DecodingStrategy::kNucleus;
  refused({.strategy = beam, .beams = 0, .max_new_tokens = 5},
          {.what = "out of range", .where = "beams"});
  refused({.strategy = beam, .beams = 20, .max_new_tokens = 5},
          {.what = "out of range", .where = "beams"});
  refused({.strategy = nucleus, .top_p = 0.0, .max_new_tokens = 5},
          {.what = "out of range", .where = "top_p"});
  refused({.strategy = nucleus, .temperature = 0.0, .max_new_tokens = 5},
          {.what = "out of range", .where = "temperature"});
  refused({.max_new_tokens = -1}, {.what = "out of range", .where = "max_new_tokens"});
  refused({.prompt = std::vector<int32_t>(12, 5)}, {.hint = "a shorter prompt"});
  refused({.min_new_tokens = 5, .max_new_tokens = 5},
          {.what = "out of range", .where = "min_new_tokens"});
  refused({.max_new_tokens = 5, .no_repeat_ngram = -1},
          {.what = "out of range", .where = "no_repeat_ngram"});
  refused({.max_new_tokens = 5, .repetition_penalty = 0.0},
          {.what = "out of range", .where = "repetition_penalty"});
  refused({.max_new_tokens = 5, .prompt = {40}}, {.what = "the decoder does not know"});
  refused({.max_new_tokens = 13}, {.what = "do not fit into the decoder's context"});
  refused({.max_new_tokens = 1, .prompt = std::vector<int32_t>(12, 5)},
          {.hint = "a shorter prompt"});
}

}  // namespace
}  // namespace tandem
