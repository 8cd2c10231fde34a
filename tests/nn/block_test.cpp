// A block with cross attention and modulation beside its formula, written with the block's own
// layers.
#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "tandem/core/device.h"
#include "tandem/nn/transformer.h"

namespace tandem {
namespace {

constexpr int64_t kWidth = 16, kContextWidth = 12;

torch::Tensor random_leaf(torch::IntArrayRef sizes, uint64_t seed) {
  return torch::randn(sizes, make_generator(torch::kCPU, seed)).requires_grad_();
}

Modulation random_modulation(uint64_t seed) {
  return {.shift = random_leaf({3, kWidth}, seed),
          .scale = random_leaf({3, kWidth}, seed + 1),
          .gate = random_leaf({3, kWidth}, seed + 2)};
}

class BlockForms : public testing::TestWithParam<bool> {
 protected:
  void make(NormOrder order) {
    block_ = Block(TransformerOptions{.width = kWidth,
                                      .heads = 2,
                                      .mlp_width = 32,
                                      .norm_order = order,
                                      .context_width = kContextWidth},
                   std::make_shared<DropoutStream>());
    init_parameters(*block_, 0.3, make_generator(torch::kCPU, 1));
    const torch::NoGradGuard no_grad;
    for (const LayerNorm& norm :
         {block_->attention_norm, block_->cross_attention_norm, block_->mlp_norm})
      norm->bias.copy_(random_leaf({kWidth}, 8));
  }

  torch::Tensor mlp(const torch::Tensor& x) { return block_->mlp_out(at::gelu(block_->mlp_in(x))); }
  torch::Tensor cross(const torch::Tensor& x) {
    const KeyValueCache context = block_->cross_attention->keys_values(context_, context_layout_);
    return block_->cross_attention(x, layout_, context);
  }

  // Values and gradients, of all rows and of some.
  void expect_equal(const BlockInputs& inputs, const torch::Tensor& expected,
                    const std::vector<torch::Tensor>& leaves) {
    BlockInputs some = inputs;
    some.output_rows = torch::tensor({7, 0, 4});
    const auto gradients = [&](const torch::Tensor& of) {
      const torch::Tensor weights = torch::randn(of.sizes(), make_generator(torch::kCPU, 6));
      return torch::autograd::grad({of}, leaves, {weights}, /*retain_graph=*/true);
    };
    for (const auto& [each, reference] :
         {std::pair{inputs, expected}, {some, expected.index_select(0, some.output_rows)}}) {
      const torch::Tensor found = block_->forward(x_, layout_, each);
      EXPECT_TRUE(torch::allclose(found, reference, 1e-5, 1e-5));
      const auto ours = gradients(found), theirs = gradients(reference);
      for (size_t i = 0; i < ours.size(); ++i)
        EXPECT_TRUE(torch::allclose(ours[i], theirs[i], 1e-3, 1e-4)) << i;
    }
  }

  // Of three sequences; of equal length, or not.
  std::vector<int64_t> lengths_ =
      GetParam() ? std::vector<int64_t>{3, 3, 3} : std::vector<int64_t>{4, 1, 4};
  SequenceLayout layout_ =
      GetParam() ? SequenceLayout::equal(3, 3)
                 : SequenceLayout::packed(torch::tensor({0, 4, 5, 9}, torch::kInt32), 4, 9);
  torch::Tensor x_ = random_leaf({9, kWidth}, 2), context_ = random_leaf({6, kContextWidth}, 3);
  SequenceLayout context_layout_ = SequenceLayout::equal(3, 2);
  Block block_{nullptr};
};

TEST_P(BlockForms, PostNormWithCrossAttention) {
  make(NormOrder::kPost);
  const SequenceLayout& layout = layout_;
  torch::Tensor x = block_->attention_norm(x_ + block_->attention(x_, layout));
  const torch::Tensor alone = block_->mlp_norm(x + mlp(x));
  x = block_->cross_attention_norm(x + cross(x));
  x = block_->mlp_norm(x + mlp(x));
  expect_equal({.context = context_, .context_layout = context_layout_}, x,
               {x_, context_, block_->cross_attention->query->weight,
                block_->cross_attention_norm->weight, block_->mlp_out->weight});
  expect_equal({}, alone, {x_, block_->attention->qkv->weight});
}

TEST_P(BlockForms, PreNormWithCrossAttentionAndModulation) {
  make(NormOrder::kPre);
  const BlockModulation modulation{.attention = random_modulation(20),
                                   .cross_attention = random_modulation(30),
                                   .mlp = random_modulation(40)};
  const auto rows = [&](const torch::Tensor& values) {
    return values.repeat_interleave(torch::tensor(lengths_), 0);
  };
  const auto enter = [&](const torch::Tensor& normed, const Modulation& m) {
    return normed * (1 + rows(m.scale)) + rows(m.shift);
  };
  const auto& [self, crossing, last] = modulation;
  torch::Tensor x = x_;
  x = x + rows(self.gate) * block_->attention(enter(block_->attention_norm(x), self), layout_);
  x = x + rows(crossing.gate) * cross(enter(block_->cross_attention_norm(x), crossing));
  x = x + rows(last.gate) * mlp(enter(block_->mlp_norm(x), last));
  expect_equal(
      {.context = context_, .context_layout = context_layout_, .modulation = modulation}, x,
      {x_, context_, self.shift, self.scale, self.gate, crossing.shift, crossing.gate, last.scale,
       last.gate, block_->attention->qkv->weight, block_->cross_attention->key_value->weight});
}

INSTANTIATE_TEST_SUITE_P(EqualLengths, BlockForms, testing::Bool());

// DiT's first state: gates of zero leave every row as it was.
TEST(Block, WithGatesOfZeroIsTheIdentity) {
  const torch::NoGradGuard no_grad;
  Block block(TransformerOptions{.width = 8, .heads = 2, .mlp_width = 16},
              std::make_shared<DropoutStream>());
  init_parameters(*block, 0.3, make_generator(torch::kCPU, 1));
  const torch::Tensor x = random_leaf({6, 8}, 2), zeros = torch::zeros({2, 8});
  const BlockModulation closed{.attention = {.gate = zeros}, .mlp = {.gate = zeros}};
  EXPECT_TRUE(
      torch::equal(block->forward(x, SequenceLayout::equal(2, 3), {.modulation = closed}), x));
}

TEST(Block, ModulatesNoPostNorm) {
  Block block(TransformerOptions{.width = 8, .heads = 2, .norm_order = NormOrder::kPost},
              std::make_shared<DropoutStream>());
  const BlockModulation modulation{.mlp = {.gate = torch::zeros({2, 8})}};
  EXPECT_THROW(
      block->forward(torch::zeros({6, 8}), SequenceLayout::equal(2, 3), {.modulation = modulation}),
      c10::Error);
}

TEST(Block, RefusesAContextThatItCannotRead) {
  const torch::Tensor x = torch::zeros({6, 8}), context = torch::zeros({4, 4});
  const auto layout = SequenceLayout::equal(2, 3);
  const auto stream = std::make_shared<DropoutStream>();
  Block plain(TransformerOptions{.width = 8, .heads = 2}, stream);
  EXPECT_THROW(plain->forward(x, layout,
                              {.context = context, .context_layout = SequenceLayout::equal(2, 2)}),
               c10::Error);
  Block crossing(TransformerOptions{.width = 8, .heads = 2, .context_width = 4}, stream);
  EXPECT_THROW(crossing->forward(
                   x, layout, {.context = context, .context_layout = SequenceLayout::equal(4, 1)}),
               c10::Error);
}

TEST(Block, CallsTheSecondAttentionCross) {
  const Block block(TransformerOptions{.width = 8, .heads = 2, .mlp_width = 16, .context_width = 4},
                    std::make_shared<DropoutStream>());
  const auto parameters = block->named_parameters();
  EXPECT_EQ(parameters["cross_attention.query.weight"].sizes(), (std::vector<int64_t>{8, 8}));
  EXPECT_EQ(parameters["cross_attention.key_value.weight"].sizes(), (std::vector<int64_t>{16, 4}));
  EXPECT_TRUE(parameters.contains("cross_attention.output.bias"));
  EXPECT_TRUE(parameters.contains("cross_attention_norm.weight"));
}

}  // namespace
}  // namespace tandem
