#include "tandem/nn/transformer.h"

#include <cmath>

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kernels/rows/fused_rows.h"
#include "tandem/core/device.h"

namespace tandem {
namespace {

TEST(Block, NormStandsWhereTheOrderSays) {
  const torch::NoGradGuard no_grad;
  for (const NormOrder order : {NormOrder::kPost, NormOrder::kPre}) {
    Block block(TransformerOptions{.width = 8, .heads = 2, .mlp_width = 16, .norm_order = order},
                std::make_shared<DropoutStream>());
    init_parameters(*block, 0.3, make_generator(torch::kCPU, 1));
    const torch::Tensor x = 5 * torch::randn({6, 8}, make_generator(torch::kCPU, 2));
    const torch::Tensor y = block(x, SequenceLayout::equal(2, 3));
    const bool normalised = torch::allclose(y.mean(-1), torch::zeros({6}), 0, 1e-5);
    EXPECT_EQ(normalised, order == NormOrder::kPost);
  }
}

// Outputs and gradients of the output rows are those of a pass that keeps all rows.
TEST(Transformer, OutputRowsAreThoseOfTheWholePass) {
  const torch::Tensor rows = torch::tensor({4, 0, 8});
  for (const NormOrder order : {NormOrder::kPost, NormOrder::kPre}) {
    for (const bool causal : {false, true}) {
      Transformer stack(TransformerOptions{.width = 24,
                                           .layers = 2,
                                           .heads = 3,
                                           .mlp_width = 32,
                                           .norm_order = order,
                                           .causal = causal},
                        std::make_shared<DropoutStream>());
      init_parameters(*stack, 0.3, make_generator(torch::kCPU, 1));
      const torch::Tensor x = torch::randn({9, 24}, make_generator(torch::kCPU, 2));
      const torch::Tensor weights = torch::randn({3, 24}, make_generator(torch::kCPU, 3));
      for (const auto& layout :
           {SequenceLayout::packed(torch::tensor({0, 4, 5, 9}, torch::kInt32), 4, 9),
            SequenceLayout::equal(3, 3)}) {
        const auto gradients = [&](const torch::Tensor& of) {
          return torch::autograd::grad({of}, stack->parameters(), {weights});
        };
        const torch::Tensor whole = stack(x, layout).index_select(0, rows);
        const torch::Tensor some = stack->forward(x, layout, {.output_rows = rows});
        EXPECT_TRUE(torch::allclose(some, whole, 1e-5, 1e-6));
        const auto found = gradients(some), expected = gradients(whole);
        for (size_t i = 0; i < found.size(); ++i)
          EXPECT_TRUE(torch::allclose(found[i], expected[i], 1e-4, 1e-5)) << i;
      }
    }
  }
}

TEST(Transformer, StatesEndWithWhatAForwardPassGives) {
  const torch::NoGradGuard no_grad;
  Transformer stack(TransformerOptions{.width = 8, .layers = 3, .heads = 2, .mlp_width = 16},
                    std::make_shared<DropoutStream>());
  init_parameters(*stack, 0.3, make_generator(torch::kCPU, 1));
  const torch::Tensor x = torch::randn({6, 8}, make_generator(torch::kCPU, 2));
  std::vector<torch::Tensor> states;
  (void)stack->forward(x, SequenceLayout::equal(2, 3), {.states = &states});
  ASSERT_EQ(states.size(), 4U);
  EXPECT_TRUE(torch::equal(states.front(), x));
  EXPECT_TRUE(torch::equal(states.back(), stack(x, SequenceLayout::equal(2, 3))));
}

TEST(Activate, MatchesItsFormulas) {
  const torch::Tensor x = torch::linspace(-4, 4, 33, torch::kFloat64);
  EXPECT_TRUE(torch::allclose(kernels::activate(x, Activation::kGelu),
                              0.5 * x * (1 + torch::erf(x / std::sqrt(2.0)))));
  EXPECT_TRUE(torch::allclose(kernels::activate(x, Activation::kQuickGelu),
                              x / (1 + torch::exp(-1.702 * x))));
  const torch::Tensor inner = std::sqrt(2.0 / M_PI) * (x + 0.044715 * x.pow(3));
  EXPECT_TRUE(torch::allclose(kernels::activate(x, Activation::kGeluTanh),
                              0.5 * x * (1 + torch::tanh(inner))));
}

TEST(DropoutStream, DropsTheStatedShareAndScales) {
  DropoutStream stream;
  stream.seed(3);
  const torch::Tensor mask = stream.mask(torch::empty({100000}), 0.25);
  EXPECT_NEAR(mask.eq(0).to(torch::kFloat32).mean().item<double>(), 0.25, 0.01);
  EXPECT_NEAR(mask.max().item<double>(), 1 / 0.75, 1e-6);
  const torch::Tensor next = stream.mask(torch::empty({100000}), 0.25);
  EXPECT_FALSE(torch::equal(mask, next));
}

TEST(InitParameters, ScalesByFanInAndTreatsNormsAndBiases) {
  Block block(TransformerOptions{.width = 256, .heads = 4, .mlp_width = 1024},
              std::make_shared<DropoutStream>());
  init_parameters(*block, 0.0, make_generator(torch::kCPU, 1));
  EXPECT_NEAR(block->mlp_out->weight.std().item<double>(), 1.0 / 32, 1e-3);
  EXPECT_NEAR(block->mlp_in->weight.std().item<double>(), 1.0 / 16, 1e-3);
  EXPECT_EQ(block->mlp_in->bias.abs().max().item<double>(), 0.0);
  EXPECT_EQ(block->mlp_norm->weight.min().item<double>(), 1.0);
}

}  // namespace
}  // namespace tandem
