#include <gtest/gtest.h>
#include <torch/types.h>

#include "core/expect_error.h"
#include "inference/tiny_model.h"
#include "tandem/inference/pipeline.h"

namespace tandem {
namespace {

Pipeline pipeline_of(Towers towers, std::shared_ptr<const Tokenizer> tokenizer) {
  ModelConfig config = test::tiny_config();
  config.model.towers = towers;
  return Pipeline::from_model(ClipModel(config.model, 3), std::move(tokenizer), config, 4);
}

TEST(OneTower, OfImagesRefusesTexts) {
  const Pipeline pipeline = pipeline_of(Towers::kImage, nullptr);
  EXPECT_EQ(pipeline.encode_images(std::vector<Image>{test::noise_image(20, 20, 5)}).size(0), 1);
  expect_error(ErrorKind::kUsage, {.what = "has no text tower"},
               [&] { (void)pipeline.encode_texts({"two words"}); });
  expect_error(ErrorKind::kUsage, {.what = "has no text tower"}, [&] {
    (void)pipeline.encode_ids({{0, 5}});
  });
  const Pipeline with_tokenizer = pipeline_of(Towers::kImage, test::tiny_tokenizer());
  expect_error(ErrorKind::kUsage, {.what = "has no text tower"},
               [&] { (void)with_tokenizer.encode_texts({"two words"}); });
}

TEST(OneTower, OfTextsRefusesImages) {
  const Pipeline pipeline = pipeline_of(Towers::kText, test::tiny_tokenizer());
  EXPECT_EQ(pipeline.encode_texts({"two words"}).size(0), 1);
  expect_error(ErrorKind::kUsage, {.what = "has no image tower"}, [&] {
    (void)pipeline.encode_images(std::vector<Image>{test::noise_image(20, 20, 5)});
  });
  // Before an image is looked for.
  expect_error(ErrorKind::kUsage, {.what = "has no image tower"},
               [&] { (void)pipeline.try_encode_images({"no/such/image.png"}); });
}

}  // namespace
}  // namespace tandem
