#include "tandem/core/token_batch.h"

#include <gtest/gtest.h>
#include <torch/cuda.h>
#include <torch/types.h>

namespace tandem {
namespace {

std::vector<int64_t> ids_of(const TokenBatch& batch) {
  const torch::Tensor ids = batch.ids.contiguous();
  return {ids.const_data_ptr<int64_t>(), ids.const_data_ptr<int64_t>() + ids.numel()};
}

std::vector<int32_t> bounds_of(const TokenBatch& batch) {
  const torch::Tensor bounds = batch.cu_seqlens.contiguous();
  return {bounds.const_data_ptr<int32_t>(), bounds.const_data_ptr<int32_t>() + bounds.numel()};
}

TEST(PackTokens, PutsTextsOneAfterTheOther) {
  const TokenBatch batch = pack_tokens({{0, 7, 2}, {0, 2}, {0, 8, 9, 2}});
  EXPECT_EQ(batch.ids.scalar_type(), torch::kInt64);
  EXPECT_EQ(batch.cu_seqlens.scalar_type(), torch::kInt32);
  EXPECT_EQ(ids_of(batch), (std::vector<int64_t>{0, 7, 2, 0, 2, 0, 8, 9, 2}));
  EXPECT_EQ(bounds_of(batch), (std::vector<int32_t>{0, 3, 5, 9}));
  EXPECT_EQ(batch.max_length, 4);
  EXPECT_EQ(batch.size(), 3);
}

TEST(PackTokens, RefusesATextWithoutTokens) {
  EXPECT_THROW((void)pack_tokens({{0, 2}, {}}), c10::Error);
}

TEST(PackTokens, AcceptsNoTexts) {
  const TokenBatch batch = pack_tokens({});
  EXPECT_EQ(batch.size(), 0);
  EXPECT_EQ(bounds_of(batch), (std::vector<int32_t>{0}));
  EXPECT_EQ(TokenBatch().size(), 0);
}

TEST(TokenBatch, SliceEqualsPackingTheSameTexts) {
  const std::vector<std::vector<int32_t>> texts = {
      {0, 5, 6, 7, 2}, {0, 2}, {0, 9, 2}, {0, 4, 4, 2}};
  const TokenBatch batch = pack_tokens(texts);
  for (int64_t first = 0; first <= 4; ++first) {
    for (int64_t last = first; last <= 4; ++last) {
      const TokenBatch part = batch.slice(first, last);
      const TokenBatch alone = pack_tokens({texts.begin() + first, texts.begin() + last});
      EXPECT_EQ(ids_of(part), ids_of(alone)) << first << " to " << last;
      EXPECT_EQ(bounds_of(part), bounds_of(alone)) << first << " to " << last;
      EXPECT_EQ(part.max_length, alone.max_length) << first << " to " << last;
      EXPECT_EQ(part.cu_seqlens.scalar_type(), torch::kInt32);
    }
  }
}

TEST(TokenBatch, RefusesASliceOutsideIt) {
  const TokenBatch batch = pack_tokens({{0, 2}, {0, 3, 2}});
  EXPECT_THROW((void)batch.slice(0, 3), c10::Error);
  EXPECT_THROW((void)batch.slice(-1, 1), c10::Error);
  EXPECT_THROW((void)batch.slice(2, 1), c10::Error);
}

TEST(TokenBatch, MovesToADevice) {
  const TokenBatch batch = pack_tokens({{0, 2}, {0, 3, 2}});
  const TokenBatch moved = batch.to(torch::kCPU);
  EXPECT_EQ(ids_of(moved), ids_of(batch));
  EXPECT_EQ(moved.max_length, 3);
  if (!torch::cuda::is_available()) return;
  EXPECT_TRUE(batch.to(torch::kCUDA).ids.is_cuda());
}

}  // namespace
}  // namespace tandem
