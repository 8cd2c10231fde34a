#include "tandem/loss/captioning_loss.h"

#include <cmath>

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

namespace tandem {
namespace {

std::vector<int64_t> numbers(const torch::Tensor& tensor) {
  const torch::Tensor wide = tensor.to(torch::kInt64).contiguous();
  const int64_t* const data = wide.const_data_ptr<int64_t>();
  return {data, data + wide.numel()};
}

TEST(NextTokens, AreEachTextShiftedByOne) {
  const NextTokens next = next_tokens(pack_tokens({{5, 6, 7, 2}, {5, 2}, {5, 8, 2}}));
  EXPECT_EQ(numbers(next.inputs.ids), (std::vector<int64_t>{5, 6, 7, 5, 5, 8}));
  EXPECT_EQ(numbers(next.inputs.cu_seqlens), (std::vector<int64_t>{0, 3, 4, 6}));
  EXPECT_EQ(next.inputs.max_length, 3);
  EXPECT_EQ(numbers(next.rows), (std::vector<int64_t>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(numbers(next.targets), (std::vector<int64_t>{6, 7, 2, 2, 8, 2}));
}

TEST(NextTokens, OfAPromptAreNotScored) {
  const NextTokens next = next_tokens(pack_tokens({{5, 6, 7, 2}, {5, 6, 2}, {5, 6}}), 3);
  EXPECT_EQ(numbers(next.inputs.ids), (std::vector<int64_t>{5, 6, 7, 5, 6, 5}));
  EXPECT_EQ(numbers(next.rows), (std::vector<int64_t>{2}));
  EXPECT_EQ(numbers(next.targets), (std::vector<int64_t>{2}));
}

TEST(NextTokens, OfATextOfOneTokenAreNone) {
  const NextTokens next = next_tokens(pack_tokens({{5}, {5, 2}}));
  EXPECT_EQ(numbers(next.inputs.ids), (std::vector<int64_t>{5, 5}));
  EXPECT_EQ(numbers(next.inputs.cu_seqlens), (std::vector<int64_t>{0, 1, 2}));
  EXPECT_EQ(numbers(next.rows), (std::vector<int64_t>{1}));
  EXPECT_EQ(numbers(next.targets), (std::vector<int64_t>{2}));
}

TEST(CaptioningLoss, EqualsTheFormulaWithItsGradient) {
  const int64_t R = 6, V = 11;
  const double smoothing = 0.1;
  const torch::Tensor logits = torch::randn({R, V}, torch::kFloat64).requires_grad_();
  const torch::Tensor targets = torch::arange(R) + 2;
  const torch::Tensor loss = captioning_loss(logits, targets, smoothing);
  EXPECT_EQ(loss.scalar_type(), torch::kFloat32);
  const torch::Tensor chances =
      torch::full({R, V}, smoothing / V, torch::kFloat64)
          .scatter_add(1, targets.unsqueeze(1),
                       torch::full({R, 1}, 1 - smoothing, torch::kFloat64));
  const torch::Tensor expected = -(chances * logits.log_softmax(1)).sum();
  EXPECT_NEAR(loss.item<double>(), expected.item<double>(), 1e-5);
  loss.backward();
  const torch::Tensor gradient = (logits.softmax(1) - chances).detach();
  EXPECT_LT((logits.grad() - gradient).abs().max().item<double>(), 1e-6);
}

// The least loss that label smoothing leaves to a model that is always right.
TEST(CaptioningLoss, HasItsFloorAtTheSmoothedTarget) {
  const int64_t V = 40;
  const double smoothing = 0.1, right = 1 - smoothing + smoothing / V, wrong = smoothing / V;
  torch::Tensor logits = torch::full({1, V}, std::log(wrong), torch::kFloat64);
  logits.index_put_({0, 3}, std::log(right));
  const double floor = -(right * std::log(right) + (V - 1) * wrong * std::log(wrong));
  EXPECT_NEAR(captioning_loss(logits, torch::tensor({3}, torch::kInt64), smoothing).item<double>(),
              floor, 1e-6);
  EXPECT_NEAR(floor, 0.677, 5e-4);
}

TEST(CaptioningLoss, OfNoTokensIsZero) {
  EXPECT_EQ(captioning_loss(torch::zeros({0, 5}), torch::zeros({0}, torch::kInt64)).item<double>(),
            0.0);
}

}  // namespace
}  // namespace tandem
