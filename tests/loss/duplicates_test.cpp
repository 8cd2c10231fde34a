#include "tandem/loss/duplicates.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "loss/pairs_fixture.h"
#include "tandem/loss/contrastive_loss.h"

namespace tandem {
namespace {

constexpr int64_t kCount = 12;

class ContrastiveDuplicates : public ::testing::TestWithParam<double> {
 protected:
  torch::Tensor loss(Duplicates duplicates) {
    groups.duplicates = duplicates;
    return contrastive_loss(
        pairs.image, pairs.text, pairs.scale,
        ContrastiveLossOptions{.label_smoothing = GetParam(), .groups = groups});
  }
  // Cross-entropy both ways under targets [N, N] whose rows (for columns: columns) add up to 1.
  torch::Tensor written_out(const torch::Tensor& logits, const torch::Tensor& rows,
                            const torch::Tensor& columns) const {
    const auto entropy = [](const torch::Tensor& target, const torch::Tensor& log_softmax) {
      return -torch::where(target > 0, target * log_softmax, torch::zeros({})).sum();
    };
    return (entropy(rows, logits.log_softmax(1)) + entropy(columns, logits.log_softmax(0))) /
           (2 * kCount);
  }
  std::vector<torch::Tensor> leaves() const { return {pairs.image, pairs.text, pairs.scale}; }

  RandomPairs pairs{kCount};
  PairGroups groups{.image_groups = torch::arange(kCount).remainder(4),
                    .text_groups = torch::arange(kCount).floor_divide(5)};
  torch::Tensor same = are_duplicates(groups.image_groups, groups.text_groups);
  torch::Tensor eye = torch::eye(kCount);
};
INSTANTIATE_TEST_SUITE_P(LabelSmoothing, ContrastiveDuplicates, ::testing::Values(0.0, 0.2));

TEST_P(ContrastiveDuplicates, KeepIgnoresGroups) {
  const torch::Tensor target = (1 - GetParam()) * eye + GetParam() / kCount;
  expect_same(loss(Duplicates::kKeep), written_out(pairs.logits(), target, target), leaves());
}

TEST_P(ContrastiveDuplicates, MaskLeavesThemOut) {
  const torch::Tensor left = at::maximum(1 - same.to(torch::kFloat32), eye);
  const torch::Tensor rows = (1 - GetParam()) * eye + GetParam() * left / left.sum(1, true);
  const torch::Tensor columns = (1 - GetParam()) * eye + GetParam() * left / left.sum(0);
  const torch::Tensor logits = pairs.logits().masked_fill(left == 0, -1e9);
  expect_same(loss(Duplicates::kMask), written_out(logits, rows, columns), leaves());
}

TEST_P(ContrastiveDuplicates, PositiveSpreadsTheTargetOverThem) {
  const torch::Tensor weights = same.to(torch::kFloat32);
  const torch::Tensor rows =
      (1 - GetParam()) * weights / weights.sum(1, true) + GetParam() / kCount;
  const torch::Tensor columns = (1 - GetParam()) * weights / weights.sum(0) + GetParam() / kCount;
  expect_same(loss(Duplicates::kPositive), written_out(pairs.logits(), rows, columns), leaves());
}

TEST_P(ContrastiveDuplicates, OneKindOfGroupIsEnough) {
  groups.text_groups = torch::Tensor();
  const torch::Tensor image_only = loss(Duplicates::kMask);
  groups.text_groups = torch::arange(kCount);
  EXPECT_TRUE(torch::equal(image_only, loss(Duplicates::kMask)));
}

TEST_P(ContrastiveDuplicates, NothingChangesWithoutDuplicates) {
  groups.image_groups = groups.text_groups = torch::arange(kCount);
  const torch::Tensor keep = loss(Duplicates::kKeep);
  EXPECT_TRUE(torch::allclose(keep, loss(Duplicates::kMask)));
  EXPECT_TRUE(torch::allclose(keep, loss(Duplicates::kPositive)));
}

TEST_P(ContrastiveDuplicates, RefusesGroupsOfAnotherLength) {
  groups.image_groups = torch::arange(kCount - 1);
  EXPECT_THROW((void)loss(Duplicates::kMask), c10::Error);
}

}  // namespace
}  // namespace tandem
