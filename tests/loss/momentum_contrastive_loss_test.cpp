#include "tandem/loss/momentum_contrastive_loss.h"

#include <cmath>

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "tandem/loss/contrastive_loss.h"

namespace tandem {
namespace {

torch::Tensor unit(int64_t rows) {
  const torch::Tensor x = torch::randn({rows, 8});
  return x / x.square().sum(1, /*keepdim=*/true).sqrt();
}

struct MomentumCase {
  int64_t B = 5, Q = 7;
  torch::Tensor image = unit(B).requires_grad_(), text = unit(B).requires_grad_();
  torch::Tensor scale = torch::full({}, 1.5).requires_grad_();
  MomentumTargets targets{.image_embeddings = unit(B + Q),
                          .text_embeddings = unit(B + Q),
                          .same = torch::eye(B + Q, torch::kBool).slice(0, 0, B),
                          .soft_share = 0.4};
};

// Written out entry by entry.
double written_out(const MomentumCase& c) {
  const double scale = std::exp(c.scale.item<double>());
  const auto dot = [](const torch::Tensor& a, const torch::Tensor& b) {
    return a.dot(b).item<double>();
  };
  const auto direction = [&](const torch::Tensor& queries, const torch::Tensor& twins,
                             const torch::Tensor& keys) {
    double loss = 0;
    for (int64_t i = 0; i < c.B; ++i) {
      double sum = 0, twin_sum = 0, same = 0;
      for (int64_t j = 0; j < c.B + c.Q; ++j) {
        sum += std::exp(scale * dot(queries[i], keys[j]));
        twin_sum += std::exp(scale * dot(twins[i], keys[j]));
        same += c.targets.same[i][j].item<bool>() ? 1 : 0;
      }
      for (int64_t j = 0; j < c.B + c.Q; ++j) {
        const double even = c.targets.same[i][j].item<bool>() ? 1 / same : 0;
        const double found = std::exp(scale * dot(twins[i], keys[j])) / twin_sum;
        const double target = (1 - c.targets.soft_share) * even + c.targets.soft_share * found;
        loss -=
            target * (scale * dot(queries[i], keys[j]) - std::log(sum)) / static_cast<double>(c.B);
      }
    }
    return loss;
  };
  return (direction(c.image, c.targets.image_embeddings, c.targets.text_embeddings) +
          direction(c.text, c.targets.text_embeddings, c.targets.image_embeddings)) /
         2;
}

TEST(MomentumContrastiveLoss, EqualsTheFormula) {
  MomentumCase c;
  const auto loss = [&] {
    return momentum_contrastive_loss(c.image, c.text, c.scale, c.targets).item<double>();
  };
  EXPECT_NEAR(loss(), written_out(c), 1e-5);
  c.targets.soft_share = 0;
  EXPECT_NEAR(loss(), written_out(c), 1e-5);
  c.targets.same[0][3] = true;
  c.targets.same[0][9] = true;
  EXPECT_NEAR(loss(), written_out(c), 1e-5);
}

TEST(MomentumContrastiveLoss, WithoutQueueAndTwinIsTheContrastiveLoss) {
  MomentumCase c;
  c.targets = {.image_embeddings = c.image.detach(),
               .text_embeddings = c.text.detach(),
               .same = torch::eye(c.B, torch::kBool)};
  EXPECT_NEAR(momentum_contrastive_loss(c.image, c.text, c.scale, c.targets).item<double>(),
              contrastive_loss(c.image, c.text, c.scale).item<double>(), 1e-6);
}

TEST(MomentumContrastiveLoss, GivesGradientsToTheModelAlone) {
  MomentumCase c;
  momentum_contrastive_loss(c.image, c.text, c.scale, c.targets).backward();
  for (const torch::Tensor& each : {c.image, c.text, c.scale}) {
    ASSERT_TRUE(each.grad().defined());
    EXPECT_GT(each.grad().abs().max().item<double>(), 1e-4);
  }
  EXPECT_FALSE(c.targets.image_embeddings.requires_grad());
}

}  // namespace
}  // namespace tandem
