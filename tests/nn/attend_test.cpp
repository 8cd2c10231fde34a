// attend() and CrossAttention beside their formulas.
#include <cmath>

#include <ATen/ops/scaled_dot_product_attention.h>
#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "tandem/core/device.h"
#include "tandem/nn/attention.h"

namespace tandem {
namespace {

torch::Tensor random(torch::IntArrayRef sizes, uint64_t seed) {
  return torch::randn(sizes, make_generator(torch::kCPU, seed)).requires_grad_();
}

// The formula, with zeros where a query sees no key.
torch::Tensor plain(const Heads& heads, const torch::Tensor& mask) {
  const auto& [q, k, v] = heads;
  const torch::Tensor scores =
      q.matmul(k.transpose(2, 3)) / std::sqrt(static_cast<double>(q.size(3)));
  const torch::Tensor sees = mask.expand(scores.sizes());
  const torch::Tensor weights = scores.exp() * sees;
  return (weights / weights.sum(-1, true).clamp_min(1e-30)).matmul(v);
}

// Whether values and gradients of the three are equal.
void expect_same(const torch::Tensor& found, const torch::Tensor& expected, const Heads& heads) {
  EXPECT_TRUE(torch::allclose(found, expected, 1e-5, 1e-6));
  const auto gradients = [&](const torch::Tensor& of) {
    const torch::Tensor weights = torch::randn(of.sizes(), make_generator(torch::kCPU, 9));
    return torch::autograd::grad({of}, {heads.queries, heads.keys, heads.values}, {weights});
  };
  const auto ours = gradients(found), theirs = gradients(expected);
  for (size_t i = 0; i < ours.size(); ++i)
    EXPECT_TRUE(torch::allclose(ours[i], theirs[i], 1e-4, 1e-5)) << i;
}

Heads random_heads(int64_t queries, int64_t keys) {
  return {.queries = random({2, 3, queries, 8}, 1),
          .keys = random({2, 3, keys, 8}, 2),
          .values = random({2, 3, keys, 8}, 3)};
}

torch::Tensor past(int64_t queries, int64_t keys) {
  return torch::ones({queries, keys}, torch::kBool).tril(keys - queries);
}

TEST(Attend, EqualsItsFormula) {
  const torch::Tensor mask = torch::rand({2, 1, 4, 6}, make_generator(torch::kCPU, 4)) < 0.6;
  mask.select(3, 0).fill_(true);
  const Heads heads = random_heads(4, 6);
  expect_same(attend(heads), plain(heads, torch::ones({1}, torch::kBool)), heads);
  expect_same(attend(heads, {.mask = mask}), plain(heads, mask), heads);
  expect_same(attend(heads, {.causal = true}), plain(heads, past(4, 6)), heads);
  expect_same(attend(heads, {.causal = true, .mask = mask}), plain(heads, mask & past(4, 6)),
              heads);
  const Heads square = random_heads(5, 5), one = random_heads(1, 5);
  expect_same(attend(square, {.causal = true}), plain(square, past(5, 5)), square);
  expect_same(attend(one, {.causal = true}), plain(one, past(1, 5)), one);
}

TEST(Attend, GivesZerosWhereAQueryMaySeeNoKey) {
  for (const double dropout : {0.0, 1e-9}) {
    const AttendOptions options{.dropout = dropout, .stream = std::make_shared<DropoutStream>()};
    AttendOptions masked = options, causal = options;
    masked.mask = torch::ones({2, 1, 3, 4}, torch::kBool);
    masked.mask[0][0][1].fill_(false);
    masked.mask[1].fill_(false);
    const Heads heads = random_heads(3, 4);
    const torch::Tensor found = attend(heads, masked);
    expect_same(found, plain(heads, masked.mask), heads);
    EXPECT_EQ(found[0].select(1, 1).abs().max().item<double>(), 0.0);
    EXPECT_EQ(found[1].abs().max().item<double>(), 0.0);

    causal.causal = true;  // The first two of five queries come before the first of three keys.
    const Heads early = random_heads(5, 3);
    expect_same(attend(early, causal), plain(early, past(5, 3)), early);
  }
  const torch::Tensor none = attend(random_heads(3, 0));
  EXPECT_EQ(none.sizes(), (std::vector<int64_t>{2, 3, 3, 8}));
  EXPECT_EQ(none.abs().max().item<double>(), 0.0);
}

TEST(Attend, DrawsTheSameWeightsAgainFromTheSameSeed) {
  const auto stream = std::make_shared<DropoutStream>();
  const Heads heads = random_heads(4, 6);
  const auto run = [&](uint64_t seed) {
    stream->seed(seed);
    return attend(heads, {.dropout = 0.5, .stream = stream});
  };
  const torch::Tensor first = run(7);
  EXPECT_TRUE(torch::equal(first, run(7)));
  EXPECT_FALSE(torch::equal(first, run(8)));
  EXPECT_FALSE(torch::equal(first, attend(heads)));
}

// Sequences of several lengths that attend to contexts of other lengths.
class CrossAttentionForms : public testing::Test {
 protected:
  static constexpr int64_t kHeads = 2, kWidth = 16, kContextWidth = 12;

  CrossAttentionForms() { init_parameters(*attention_, 0.3, make_generator(torch::kCPU, 1)); }

  // What sequence b gives on its own.
  torch::Tensor of_one(const torch::Tensor& x, const torch::Tensor& context) {
    const auto heads = [](const torch::Tensor& rows) {
      return rows.view({1, -1, kHeads, kWidth / kHeads}).transpose(1, 2);
    };
    if (context.size(0) == 0) return attention_->output->bias.expand({x.size(0), kWidth});
    const auto kv = attention_->key_value(context).chunk(2, 1);
    const torch::Tensor mixed =
        at::scaled_dot_product_attention(heads(attention_->query(x)), heads(kv[0]), heads(kv[1]));
    return attention_->output(mixed.transpose(1, 2).reshape({-1, kWidth}));
  }

  torch::Tensor one_by_one(const torch::Tensor& x, const torch::Tensor& context) {
    std::vector<torch::Tensor> parts;
    for (size_t b = 0; b + 1 < bounds_.size(); ++b)
      parts.push_back(of_one(x.slice(0, bounds_[b], bounds_[b + 1]),
                             context.slice(0, context_bounds_[b], context_bounds_[b + 1])));
    return torch::cat(parts);
  }

  [[nodiscard]] torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& context,
                                      const torch::Tensor& rows = {}) {
    return attention_(x, layout(bounds_, 4), attention_->keys_values(context, context_layout_),
                      rows);
  }

  static SequenceLayout layout(const std::vector<int64_t>& bounds, int64_t longest) {
    return SequenceLayout::packed(torch::tensor(bounds, torch::kInt64).to(torch::kInt32), longest,
                                  bounds.back());
  }

  // Values and gradients of inputs and parameters, beside one sequence at a time.
  void expect_equal_one_by_one(const torch::Tensor& context) {
    const torch::Tensor x = random({bounds_.back(), kWidth}, 5);
    const torch::Tensor found = forward(x, context), expected = one_by_one(x, context);
    EXPECT_TRUE(torch::allclose(found, expected, 1e-5, 1e-6));
    std::vector<torch::Tensor> leaves = attention_->parameters();
    leaves.insert(leaves.end(), {x, context});
    const auto gradients = [&](const torch::Tensor& of) {
      const torch::Tensor weights = torch::randn(of.sizes(), make_generator(torch::kCPU, 6));
      return torch::autograd::grad({of}, leaves, {weights});
    };
    const auto ours = gradients(found), theirs = gradients(expected);
    for (size_t i = 0; i < ours.size(); ++i)
      EXPECT_TRUE(torch::allclose(ours[i], theirs[i], 1e-4, 1e-5)) << i;
    const torch::Tensor rows = torch::tensor({5, 0, 4});
    EXPECT_TRUE(torch::allclose(forward(x, context, rows), found.index_select(0, rows)));
  }

  CrossAttention attention_{AttentionOptions{.width = kWidth, .heads = kHeads}, kContextWidth,
                            std::make_shared<DropoutStream>()};
  std::vector<int64_t> bounds_ = {0, 4, 5, 9}, context_bounds_;
  SequenceLayout context_layout_;
};

TEST_F(CrossAttentionForms, EqualsOneSequenceAtATime) {
  context_bounds_ = {0, 1, 6, 9};
  context_layout_ = layout(context_bounds_, 5);
  expect_equal_one_by_one(random({9, kContextWidth}, 4));
}

TEST_F(CrossAttentionForms, OfEqualContexts) {
  context_bounds_ = {0, 3, 6, 9};
  context_layout_ = SequenceLayout::equal(3, 3);
  expect_equal_one_by_one(random({9, kContextWidth}, 4));
  bounds_ = {0, 3, 6, 9};
  expect_equal_one_by_one(random({9, kContextWidth}, 4));
}

TEST_F(CrossAttentionForms, AnEmptyContextGivesZerosBeforeTheOutputLayer) {
  context_bounds_ = {0, 3, 3, 8};
  context_layout_ = layout(context_bounds_, 5);
  expect_equal_one_by_one(random({8, kContextWidth}, 4));

  context_layout_ = layout({0, 0, 0, 0}, 0);
  const torch::Tensor found = forward(random({9, kWidth}, 5), torch::zeros({0, kContextWidth}));
  EXPECT_TRUE(torch::equal(found, attention_->output->bias.expand({9, kWidth})));
}

TEST_F(CrossAttentionForms, OfPaddedContexts) {
  context_bounds_ = {0, 2, 3, 6};
  context_layout_ = SequenceLayout::padded(
      torch::tensor({1, 1, 0, 0, 1, 0, 1, 1, 1}).to(torch::kBool).view({3, 3}));
  const torch::Tensor x = random({9, kWidth}, 5), context = random({9, kContextWidth}, 4);
  const torch::Tensor seen = context.index_select(0, torch::tensor({0, 1, 4, 6, 7, 8}));
  EXPECT_TRUE(torch::allclose(forward(x, context), one_by_one(x, seen), 1e-5, 1e-6));
}

}  // namespace
}  // namespace tandem
