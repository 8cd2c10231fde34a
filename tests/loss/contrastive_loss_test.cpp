#include "tandem/loss/contrastive_loss.h"

#include <cmath>

#include <gtest/gtest.h>
#include <torch/cuda.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "tandem/core/device.h"

namespace tandem {
namespace {

torch::Tensor unit_rows(int64_t count, uint64_t seed) {
  const torch::Tensor x = torch::randn({count, 16}, make_generator(torch::kCPU, seed));
  return x / x.norm(2, -1, true);
}

const torch::Tensor kScale = torch::tensor(std::log(1 / 0.07));

// Embeddings of no particular length: logits of some hundreds, where a rounded log-sum-exp would
// show.
TEST(ContrastiveLoss, KeepsItsDigitsWhereLogitsAreLarge) {
  const auto draw = [](uint64_t seed) {
    return torch::randn({6, 256}, make_generator(torch::kCPU, seed));
  };
  const torch::Tensor a = draw(1).requires_grad_(), b = draw(2).requires_grad_(),
                      scale = torch::tensor(2.6593F).requires_grad_();
  contrastive_loss(a, b, scale).backward();
  const auto exact = [](const torch::Tensor& x) {
    return x.detach().to(torch::kFloat64).requires_grad_();
  };
  const torch::Tensor x = exact(a), y = exact(b), s = exact(scale);
  const torch::Tensor logits = s.exp() * x.matmul(y.t());
  const torch::Tensor loss =
      -(logits.log_softmax(1).diagonal().mean() + logits.log_softmax(0).diagonal().mean()) / 2;
  loss.backward();
  for (const auto& [found, expected] : {std::pair{a, x}, {b, y}, {scale, s}}) {
    const double worst = (found.grad() - expected.grad()).abs().max().item<double>();
    EXPECT_LT(worst / expected.grad().abs().max().item<double>(), 1e-5);
  }
}

// On a GPU embeddings in 16 bits are multiplied as they are.
TEST(ContrastiveLoss, OfHalfPrecisionEqualsTheCpus_CUDA) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no CUDA device";
  const auto run = [](const torch::Device& device) {
    std::vector<torch::Tensor> leaves = {unit_rows(5000, 1), unit_rows(5000, 2)};
    for (torch::Tensor& each : leaves)
      each = each.to(device, torch::kBFloat16).detach().requires_grad_();
    leaves.push_back(kScale.to(device, torch::kFloat32, false, true).requires_grad_());
    const torch::Tensor loss = contrastive_loss(leaves[0], leaves[1], leaves[2]);
    loss.backward();
    std::vector<torch::Tensor> found = {loss.detach().cpu()};
    for (const torch::Tensor& each : leaves) found.push_back(each.grad().cpu().to(torch::kFloat32));
    return found;
  };
  const auto found = run(torch::Device(torch::kCUDA, 0)), expected = run(torch::kCPU);
  for (size_t i = 0; i < expected.size(); ++i) {
    const double worst = (found[i] - expected[i]).abs().max().item<double>();
    EXPECT_LT(worst, 0.02 * expected[i].abs().max().item<double>()) << i;
  }
}

TEST(ContrastiveLoss, IsSymmetricInImageAndText) {
  const torch::Tensor a = unit_rows(7, 1), b = unit_rows(7, 2);
  EXPECT_TRUE(torch::allclose(contrastive_loss(a, b, kScale), contrastive_loss(b, a, kScale)));
}

TEST(ContrastiveLoss, IsLnNWhenEverythingIsEqual) {
  const torch::Tensor same = torch::ones({5, 4}) / 2;
  EXPECT_NEAR(contrastive_loss(same, same, kScale).item<double>(), std::log(5.0), 1e-6);
}

TEST(ContrastiveLoss, HasItsClosedFormForOrthogonalPairs) {
  const torch::Tensor basis = torch::eye(6);
  const double scale = std::exp(kScale.item<double>());
  const double expected = std::log(std::exp(scale) + 5.0) - scale;
  EXPECT_NEAR(contrastive_loss(basis, basis, kScale).item<double>(), expected, 1e-5);
}

TEST(ContrastiveLoss, EqualsTheFormulaWrittenOut) {
  const torch::Tensor a = unit_rows(7, 1), b = unit_rows(7, 2);
  const torch::Tensor logits = kScale.exp() * a.matmul(b.t());
  const torch::Tensor rows = logits.logsumexp(1) - logits.diagonal();
  const torch::Tensor columns = logits.logsumexp(0) - logits.diagonal();
  EXPECT_TRUE(torch::allclose(contrastive_loss(a, b, kScale), (rows.mean() + columns.mean()) / 2));
}

TEST(ContrastiveLoss, SmoothsTargets) {
  const torch::Tensor a = unit_rows(7, 1), b = unit_rows(7, 2);
  const torch::Tensor logits = kScale.exp() * a.matmul(b.t());
  const torch::Tensor target = torch::eye(7) * 0.9 + 0.1 / 7;
  const torch::Tensor rows = -(target * logits.log_softmax(1)).sum(1).mean();
  const torch::Tensor columns = -(target * logits.log_softmax(0)).sum(0).mean();
  EXPECT_TRUE(torch::allclose(contrastive_loss(a, b, kScale, 0.1), (rows + columns) / 2));
}

TEST(ContrastiveLoss, GradientsAgreeWithFiniteDifferences) {
  torch::Tensor a = unit_rows(4, 1).requires_grad_(), scale = kScale.clone().requires_grad_();
  const torch::Tensor b = unit_rows(4, 2);
  contrastive_loss(a, b, scale).backward();
  const torch::NoGradGuard no_grad;
  const double h = 1e-2;
  const auto at = [&](double move_a, double move_scale) {
    torch::Tensor moved = a.detach().clone();
    moved[1][3] += move_a;
    return contrastive_loss(moved, b, kScale + move_scale).item<double>();
  };
  EXPECT_NEAR(a.grad()[1][3].item<double>(), (at(h, 0) - at(-h, 0)) / (2 * h), 2e-3);
  EXPECT_NEAR(scale.grad().item<double>(), (at(0, h) - at(0, -h)) / (2 * h), 2e-3);
}

TEST(ContrastiveLoss, IsFp32ForHalfPrecisionInput) {
  const torch::Tensor a = unit_rows(7, 1).to(torch::kBFloat16),
                      b = unit_rows(7, 2).to(torch::kBFloat16);
  const torch::Tensor loss = contrastive_loss(a, b, kScale);
  EXPECT_EQ(loss.scalar_type(), torch::kFloat32);
  EXPECT_TRUE(
      torch::equal(loss, contrastive_loss(a.to(torch::kFloat32), b.to(torch::kFloat32), kScale)));
}

TEST(ContrastiveLoss, RefusesUnequalCounts) {
  EXPECT_THROW((void)contrastive_loss(unit_rows(3, 1), unit_rows(4, 2), kScale), c10::Error);
}

}  // namespace
}  // namespace tandem
