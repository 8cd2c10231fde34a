#include "nn/recompute.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "tandem/core/device.h"
#include "tandem/nn/transformer.h"

namespace tandem {
namespace {

using Tensors = std::vector<torch::Tensor>;

struct Outcome {
  torch::Tensor output;
  torch::Tensor input_gradient;
  torch::Tensor context_gradient;  // defined where blocks have cross attention
  std::vector<torch::Tensor> gradients;
};

// One forward and backward pass of two blocks over two texts of different lengths.
Outcome run(bool recomputes, double dropout, int64_t context_width) {
  auto stream = std::make_shared<DropoutStream>();
  Transformer transformer(TransformerOptions{.width = 16,
                                             .layers = 2,
                                             .heads = 2,
                                             .mlp_width = 32,
                                             .dropout = dropout,
                                             .attention_dropout = dropout,
                                             .context_width = context_width},
                          stream);
  init_parameters(*transformer, 0.2, make_generator(torch::kCPU, 3));
  transformer->train();
  transformer->recompute_activations(recomputes);
  stream->seed(11);
  const torch::Tensor x = torch::randn({7, 16}, make_generator(torch::kCPU, 4)).requires_grad_();
  const auto layout = SequenceLayout::packed(torch::tensor({0, 5, 7}, torch::kInt32), 5, 7);
  const torch::Tensor context =
      torch::randn({6, 8}, make_generator(torch::kCPU, 5)).requires_grad_();
  Outcome outcome{
      .output = transformer->forward(x, layout,
                                     {.output_rows = torch::tensor({6, 0}),
                                      .context = context_width > 0 ? context : torch::Tensor(),
                                      .context_layout = SequenceLayout::equal(2, 3)}),
      .input_gradient = {},
      .context_gradient = {},
      .gradients = {}};
  outcome.output.square().sum().backward();
  outcome.input_gradient = x.grad();
  outcome.context_gradient = context.grad();
  for (const torch::Tensor& each : transformer->parameters())
    outcome.gradients.push_back(each.grad());
  return outcome;
}

TEST(Recompute, ChangesNoBit) {
  for (const int64_t context_width : {0, 8}) {
    for (const double dropout : {0.0, 0.3}) {
      const Outcome kept = run(false, dropout, context_width),
                    again = run(true, dropout, context_width);
      EXPECT_TRUE(torch::equal(kept.output, again.output)) << dropout;
      EXPECT_TRUE(torch::equal(kept.input_gradient, again.input_gradient)) << dropout;
      ASSERT_EQ(kept.context_gradient.defined(), context_width > 0);
      if (context_width > 0) {
        EXPECT_TRUE(torch::equal(kept.context_gradient, again.context_gradient)) << dropout;
      }
      ASSERT_EQ(kept.gradients.size(), again.gradients.size());
      for (size_t i = 0; i < kept.gradients.size(); ++i)
        EXPECT_TRUE(torch::equal(kept.gradients[i], again.gradients[i])) << i << ", " << dropout;
    }
  }
}

TEST(Recompute, LeavesTheStreamOfMasksWhereTheForwardPassDid) {
  const auto stream = std::make_shared<DropoutStream>();
  stream->seed(5);
  const torch::Tensor x = torch::ones({4}).requires_grad_();
  const auto twice = [&](const Tensors& in) { return in[0] * stream->mask(in[0], 0.5) * 2; };
  const torch::Tensor first = recomputed(twice, {x}, stream),
                      second = recomputed(twice, {x}, stream);
  const torch::Tensor later = stream->mask(x.detach(), 0.5);
  (first + second).sum().backward();
  EXPECT_TRUE(torch::equal(x.grad(), (first + second).detach()));
  EXPECT_EQ(stream->position().calls, 3U);
}

TEST(Recompute, KeepsOnlyTheInput) {
  int runs = 0;
  const torch::Tensor x = torch::ones({2}).requires_grad_();
  const auto counted = [&](const Tensors& in) {
    ++runs;
    EXPECT_EQ(torch::GradMode::is_enabled(), runs == 2);  // a graph is built the second time only
    return in[0].exp();
  };
  const torch::Tensor y = recomputed(counted, {x}, nullptr);
  EXPECT_EQ(runs, 1);
  y.sum().backward();
  EXPECT_EQ(runs, 2);
  EXPECT_TRUE(torch::allclose(x.grad(), torch::ones({2}).exp()));
  const torch::NoGradGuard no_grad;
  EXPECT_FALSE(
      recomputed([](const Tensors& in) { return in[0] * 2; }, {x}, nullptr).requires_grad());
}

}  // namespace
}  // namespace tandem
