#include "train/tasks/feature_queue.h"

#include <vector>

#include <gtest/gtest.h>
#include <torch/utils.h>

#include "train/tasks/momentum_contrast.h"

namespace tandem {
namespace {

// Pairs numbered from `first` on; their embeddings are that number.
PairFeatures numbered(int64_t first, int64_t count) {
  const torch::Tensor numbers = torch::arange(first, first + count);
  const torch::Tensor rows = numbers.to(torch::kFloat32).unsqueeze(1).repeat({1, 3});
  return {.image_embeddings = rows,
          .text_embeddings = -rows,
          .image_groups = numbers,
          .text_groups = numbers + 100};
}

std::vector<int64_t> held(const FeatureQueue& queue) {
  const PairFeatures pairs = queue.pairs();
  std::vector<int64_t> numbers;
  for (int64_t i = 0; i < pairs.image_groups.size(0); ++i) {
    const int64_t number = pairs.image_groups[i].item<int64_t>();
    numbers.push_back(number);
    EXPECT_EQ(pairs.text_groups[i].item<int64_t>(), number + 100);
    EXPECT_EQ(pairs.image_embeddings[i][2].item<float>(), static_cast<float>(number));
    EXPECT_EQ(pairs.text_embeddings[i][0].item<float>(), -static_cast<float>(number));
  }
  return numbers;
}

TEST(FeatureQueue, GrowsAndThenReplacesTheOldest) {
  FeatureQueue queue(7, 3, torch::kCPU);
  EXPECT_EQ(held(queue), (std::vector<int64_t>{}));
  queue.push(numbered(0, 3));
  EXPECT_EQ(held(queue), (std::vector<int64_t>{0, 1, 2}));
  queue.push(numbered(3, 3));
  queue.push(numbered(6, 3));  // Wraps.
  EXPECT_EQ(held(queue), (std::vector<int64_t>{7, 8, 2, 3, 4, 5, 6}));
}

TEST(FeatureQueue, KeepsTheLastPairsOfALargeBatch) {
  FeatureQueue queue(4, 3, torch::kCPU);
  queue.push(numbered(0, 10));
  EXPECT_EQ(held(queue), (std::vector<int64_t>{8, 9, 6, 7}));
  queue.push(numbered(10, 1));
  EXPECT_EQ(held(queue), (std::vector<int64_t>{8, 9, 10, 7}));
}

TEST(FeatureQueue, ItsStateIsAllOfIt) {
  FeatureQueue queue(4, 3, torch::kCPU), copy(4, 3, torch::kCPU);
  queue.push(numbered(0, 6));
  for (auto& [name, tensor] : copy.state()) tensor.copy_(queue.state().at(name));
  EXPECT_EQ(held(copy), held(queue));
  queue.push(numbered(6, 1));
  copy.push(numbered(6, 1));
  EXPECT_EQ(held(copy), held(queue));
}

TEST(ShareContent, ByImageOrByText) {
  const auto groups = [](std::vector<int64_t> images, std::vector<int64_t> texts) {
    return PairFeatures{.image_groups = torch::tensor(images), .text_groups = torch::tensor(texts)};
  };
  const torch::Tensor same = share_content(groups({1, 2}, {5, 6}), groups({2, 9, 1}, {7, 5, 8}));
  EXPECT_TRUE(torch::equal(same, torch::tensor({0, 1, 1, 1, 0, 0}).view({2, 3}).to(torch::kBool)));
}

}  // namespace
}  // namespace tandem
