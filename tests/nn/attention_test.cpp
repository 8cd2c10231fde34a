#include "tandem/nn/attention.h"

#include <cmath>

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/cuda.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "tandem/core/device.h"

namespace tandem {
namespace {

// Attention as its paper writes it, one sequence and one head at a time.
torch::Tensor plain_attention(Attention& attention, const torch::Tensor& x, int64_t heads,
                              bool causal) {
  const int64_t length = x.size(0), head_dim = x.size(1) / heads;
  const torch::Tensor qkv = attention->qkv(x).view({length, 3, heads, head_dim});
  std::vector<torch::Tensor> mixed;
  for (int64_t head = 0; head < heads; ++head) {
    const torch::Tensor q = qkv.select(1, 0).select(1, head), k = qkv.select(1, 1).select(1, head);
    torch::Tensor scores = q.matmul(k.t()) / std::sqrt(static_cast<double>(head_dim));
    if (causal) scores = scores + torch::full({length, length}, -INFINITY).triu(1);
    mixed.push_back(scores.softmax(-1).matmul(qkv.select(1, 2).select(1, head)));
  }
  return attention->output(torch::cat(mixed, 1));
}

class AttentionForms : public testing::TestWithParam<bool> {};

TEST_P(AttentionForms, EqualThePapersFormulaOnPackedSequences) {
  const torch::NoGradGuard no_grad;
  const AttentionOptions options{.width = 24, .heads = 3, .causal = GetParam()};
  Attention attention(options, std::make_shared<DropoutStream>());
  init_parameters(*attention, 0.3, make_generator(torch::kCPU, 1));
  const torch::Tensor x = torch::randn({9, 24}, make_generator(torch::kCPU, 2));
  const torch::Tensor bounds = torch::tensor({0, 4, 5, 9}, torch::kInt32);
  const torch::Tensor packed = attention(x, SequenceLayout::packed(bounds, 4, 9));
  for (const auto& [first, last] : {std::pair{0, 4}, {4, 5}, {5, 9}}) {
    const torch::Tensor expected =
        plain_attention(attention, x.slice(0, first, last), options.heads, options.causal);
    EXPECT_TRUE(torch::allclose(packed.slice(0, first, last), expected, 1e-5, 1e-6)) << first;
  }
}

// A half-precision copy on `device` gives about what fp32 gives on the CPU: outputs and gradients.
void expect_same_in_bf16(const torch::Device& device, bool causal) {
  const AttentionOptions options{.width = 64, .heads = 4, .causal = causal};
  const torch::Tensor x = torch::randn({9, 64}, make_generator(torch::kCPU, 2));
  const torch::Tensor weights = torch::randn({9, 64}, make_generator(torch::kCPU, 3));
  const auto run = [&](const torch::Device& where, torch::ScalarType dtype) {
    Attention attention(options, std::make_shared<DropoutStream>());
    init_parameters(*attention, 0.2, make_generator(torch::kCPU, 1));
    attention->to(where, dtype);
    const torch::Tensor bounds = torch::tensor({0, 4, 5, 9}, torch::kInt32).to(where);
    const torch::Tensor input = x.to(where, dtype).requires_grad_();
    const torch::Tensor mixed = attention(input, SequenceLayout::packed(bounds, 4, 9));
    std::vector<torch::Tensor> results =
        torch::autograd::grad({mixed}, {input, attention->qkv->weight, attention->output->weight},
                              {weights.to(where, dtype)});
    results.push_back(mixed.detach());
    return results;
  };
  const auto found = run(device, torch::kBFloat16), expected = run(torch::kCPU, torch::kFloat32);
  for (size_t i = 0; i < found.size(); ++i) {
    const torch::Tensor error = found[i].to(torch::kCPU, torch::kFloat32) - expected[i];
    EXPECT_LT((error.norm() / expected[i].norm()).item<double>(), 0.02) << i;
  }
}

TEST_P(AttentionForms, PackedInHalfPrecision) { expect_same_in_bf16(torch::kCPU, GetParam()); }

TEST_P(AttentionForms, PackedInHalfPrecision_CUDA) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no CUDA device";
  expect_same_in_bf16(torch::Device(torch::kCUDA, 0), GetParam());
}

TEST_P(AttentionForms, WithDropoutTheExpectationIsUnchanged) {
  const torch::NoGradGuard no_grad;
  AttentionOptions options{.width = 8, .heads = 1, .causal = GetParam(), .dropout = 0.2};
  const auto stream = std::make_shared<DropoutStream>();
  Attention attention(options, stream);
  init_parameters(*attention, 0.3, make_generator(torch::kCPU, 1));
  const torch::Tensor x = torch::randn({5, 8}, make_generator(torch::kCPU, 2));
  const auto layout = SequenceLayout::equal(1, 5);
  torch::Tensor sum = torch::zeros_like(x);
  for (int round = 0; round < 4000; ++round) sum += attention(x, layout);
  attention->eval();
  EXPECT_TRUE(torch::allclose(sum / 4000, attention(x, layout), 0.05, 0.02));
}

INSTANTIATE_TEST_SUITE_P(Causal, AttentionForms, testing::Bool());

TEST(SequenceLayout, PacksAndMasks) {
  const auto layout = SequenceLayout::packed(torch::tensor({0, 2, 5}, torch::kInt32), 3, 5);
  EXPECT_TRUE(torch::equal(layout.padded_index, torch::tensor({0, 1, 3, 4, 5})));
  EXPECT_TRUE(torch::equal(layout.key_mask.view({2, 3}).sum(1), torch::tensor({2, 3})));
  EXPECT_FALSE(
      SequenceLayout::packed(torch::tensor({0, 3, 6}, torch::kInt32), 3, 6).key_mask.defined());
}

TEST(SequenceLayout, OfPaddedRowsKeepsThemAll) {
  const torch::Tensor mask = torch::tensor({1, 0, 1, 1}).to(torch::kBool).view({2, 2});
  const auto layout = SequenceLayout::padded(mask);
  EXPECT_EQ(layout.max_length, 2);
  EXPECT_TRUE(torch::equal(layout.key_mask.view({2, 2}), mask));
  const torch::Tensor rows = torch::ones({4, 3});
  EXPECT_TRUE(layout.pad(rows).is_same(rows));
}

}  // namespace
}  // namespace tandem
