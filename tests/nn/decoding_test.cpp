// Step by step with a cache, a transformer gives what one pass over all tokens gives.
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "tandem/core/device.h"
#include "tandem/nn/transformer.h"

namespace tandem {
namespace {

constexpr int64_t kStackWidth = 16, kImageWidth = 12, kSteps = 6;

class Decoding : public testing::TestWithParam<NormOrder> {
 protected:
  Decoding() {
    init_parameters(*stack_, 0.3, make_generator(torch::kCPU, 1));
    stack_->eval();
  }

  // The rows of sequences x [B, L, D], each beside its context, in one pass: [B, L, D].
  torch::Tensor whole(const torch::Tensor& x) {
    return stack_
        ->forward(x.reshape({-1, kStackWidth}), SequenceLayout::equal(x.size(0), x.size(1)),
                  {.context = context_.reshape({-1, kImageWidth}),
                   .context_layout = SequenceLayout::equal(x.size(0), 3)})
        .view(x.sizes());
  }

  // The next tokens of each sequence, x [B, L, D].
  torch::Tensor next(const torch::Tensor& x, DecodingCache& cache) {
    return stack_
        ->forward(x.reshape({-1, kStackWidth}), SequenceLayout::equal(x.size(0), x.size(1)),
                  {.context = context_.reshape({-1, kImageWidth}),
                   .context_layout = SequenceLayout::equal(x.size(0), 3),
                   .cache = &cache})
        .view(x.sizes());
  }

  torch::NoGradGuard no_grad_;
  Transformer stack_{TransformerOptions{.width = kStackWidth,
                                        .layers = 2,
                                        .heads = 2,
                                        .mlp_width = 32,
                                        .norm_order = GetParam(),
                                        .causal = true,
                                        .context_width = kImageWidth},
                     std::make_shared<DropoutStream>()};
  torch::Tensor x_ = torch::randn({2, kSteps, kStackWidth}, make_generator(torch::kCPU, 2));
  torch::Tensor context_ = torch::randn({2, 3, kImageWidth}, make_generator(torch::kCPU, 3));
};

TEST_P(Decoding, StepByStepEqualsOnePass) {
  const torch::Tensor expected = whole(x_);
  for (const int64_t step : {1, 2, 3}) {
    DecodingCache cache;
    std::vector<torch::Tensor> parts;
    for (int64_t at = 0; at < kSteps; at += step) {
      EXPECT_EQ(cache.length(), at);
      parts.push_back(next(x_.slice(1, at, at + step), cache));
    }
    EXPECT_TRUE(torch::allclose(torch::cat(parts, 1), expected, 1e-5, 1e-5)) << step;
  }
}

TEST_P(Decoding, SelectTakesTheBeamsThatASearchKeeps) {
  DecodingCache cache;
  (void)next(x_.slice(1, 0, 3), cache);
  const torch::Tensor kept = torch::tensor({1, 1, 0});  // Two beams of text 1, one of text 0.
  cache.select_past(kept);
  cache.select_contexts(kept);
  const torch::Tensor tails =
      torch::randn({3, 2, kStackWidth}, make_generator(torch::kCPU, 4));  // Each goes its way.
  context_ = context_.index_select(0, kept);
  const torch::Tensor found = next(tails, cache);
  const torch::Tensor beams = torch::cat({x_.slice(1, 0, 3).index_select(0, kept), tails}, 1);
  EXPECT_TRUE(torch::allclose(found, whole(beams).slice(1, 3), 1e-5, 1e-5));
}

TEST_P(Decoding, BeamsOfOneContextReadItWithoutCopies) {
  DecodingCache cache;
  (void)next(x_.slice(1, 0, 3), cache);
  cache.select_past(torch::tensor({0, 0, 0, 1, 1, 1}));
  const torch::Tensor tails = torch::randn({6, 1, kStackWidth}, make_generator(torch::kCPU, 4));
  const torch::Tensor found = next(tails, cache);
  EXPECT_EQ(cache.blocks[0].context.keys().size(0), 2);
  const torch::Tensor of = torch::tensor({0, 0, 0, 1, 1, 1});
  const torch::Tensor beams = torch::cat({x_.slice(1, 0, 3).index_select(0, of), tails}, 1);
  context_ = context_.index_select(0, of);
  EXPECT_TRUE(torch::allclose(found, whole(beams).slice(1, 3), 1e-5, 1e-5));
  EXPECT_THROW(next(torch::zeros({3, 1, kStackWidth}), cache), c10::Error);
}

TEST_P(Decoding, BeginsFromPromptsOfSeveralLengths) {
  DecodingCache cache;
  const torch::Tensor prompts = torch::cat({x_[0].slice(0, 0, 3), x_[1].slice(0, 0, 1)});
  const auto layout = SequenceLayout::packed(torch::tensor({0, 3, 4}, torch::kInt32), 3, 4);
  (void)stack_->forward(prompts, layout,
                        {.context = context_.reshape({-1, kImageWidth}),
                         .context_layout = SequenceLayout::equal(2, 3),
                         .cache = &cache});
  const torch::Tensor tails = torch::stack({x_[0].slice(0, 3, 5), x_[1].slice(0, 1, 3)});
  const torch::Tensor expected = whole(x_);
  for (const int64_t step : {0, 1}) {
    const torch::Tensor found = next(tails.slice(1, step, step + 1), cache);
    EXPECT_TRUE(torch::allclose(found[0][0], expected[0][3 + step], 1e-5, 1e-5));
    EXPECT_TRUE(torch::allclose(found[1][0], expected[1][1 + step], 1e-5, 1e-5));
  }
}

TEST_P(Decoding, ReadsTheContextOnce) {
  DecodingCache cache;
  (void)next(x_.slice(1, 0, 1), cache);
  const torch::Tensor first = cache.blocks[0].context.keys();
  context_ = torch::full_like(context_, 5.0);
  (void)next(x_.slice(1, 1, 2), cache);
  EXPECT_TRUE(cache.blocks[0].context.keys().is_same(first));
}

INSTANTIATE_TEST_SUITE_P(Norms, Decoding, testing::Values(NormOrder::kPre, NormOrder::kPost));

TEST(KeyValueCache, MarksThePlacesThatMayBeSeen) {
  KeyValueCache cache;
  EXPECT_EQ(cache.length(), 0);
  cache.append(torch::zeros({2, 1, 2, 4}), torch::zeros({2, 1, 2, 4}));
  EXPECT_FALSE(cache.mask().defined());
  const torch::Tensor mask = torch::tensor({1, 0}).to(torch::kBool).view({2, 1, 1, 1});
  cache.append(torch::ones({2, 1, 1, 4}), torch::ones({2, 1, 1, 4}), mask);
  cache.append(torch::ones({2, 1, 1, 4}), torch::ones({2, 1, 1, 4}));
  EXPECT_TRUE(torch::equal(cache.mask().view({2, 4}).to(torch::kInt64),
                           torch::tensor({1, 1, 1, 1, 1, 1, 0, 1}).view({2, 4})));
  EXPECT_THROW(cache.append(torch::ones({3, 1, 1, 4}), torch::ones({3, 1, 1, 4})), c10::Error);
}

}  // namespace
}  // namespace tandem
