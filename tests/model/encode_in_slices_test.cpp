#include "tandem/model/encode_in_slices.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "model/small_model.h"
#include "tandem/core/device.h"

namespace tandem {
namespace {

using test::small_options;

// 23 texts of 2 to 12 tokens: slices of unequal size and padding.
TokenBatch uneven_texts() {
  std::vector<std::vector<int32_t>> texts;
  for (int32_t i = 0; i < 23; ++i) {
    texts.emplace_back(static_cast<size_t>(2 + i % 11), 5 + i);
    texts.back().front() = 0;
    texts.back().back() = 2;
  }
  return pack_tokens(texts);
}

torch::Tensor pictures(int64_t count) {
  return torch::randint(0, 256, {count, 3, 16, 16}, make_generator(torch::kCPU, 1), torch::kUInt8);
}

TEST(EncodeInSlices, EqualsTheWholeBatch) {
  ClipModel model(small_options(), 1);
  model->eval();
  const torch::NoGradGuard no_grad;
  for (const int64_t count : {1, 4, 9, 23}) {
    const torch::Tensor images = pictures(count), whole = model->encode_images(images);
    const torch::Tensor sliced = encode_images_in_slices(model, images);
    EXPECT_LT((sliced - whole).abs().max().item<double>(), 1e-6) << count;
  }
  const TokenBatch tokens = uneven_texts();
  const torch::Tensor whole = model->encode_texts(tokens);
  EXPECT_LT((encode_texts_in_slices(model, tokens) - whole).abs().max().item<double>(), 1e-6);
}

TEST(EncodeInSlices, KeepsAMeanThatCountsPadding) {
  ModelOptions options = small_options();
  options.text.pool = TextPool::kMeanAll;
  ClipModel model(options, 1);
  const torch::NoGradGuard no_grad;
  const TokenBatch tokens = uneven_texts();
  EXPECT_TRUE(torch::equal(encode_texts_in_slices(model, tokens), model->encode_texts(tokens)));
}

TEST(EncodeInSlices, MakesNoGraph) {
  ClipModel model(small_options(), 1);
  EXPECT_FALSE(encode_images_in_slices(model, pictures(9)).requires_grad());
}

}  // namespace
}  // namespace tandem
