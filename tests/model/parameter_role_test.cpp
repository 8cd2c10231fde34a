#include "tandem/nn/parameter_role.h"

#include <map>

#include <gtest/gtest.h>
#include <torch/nn/modules/linear.h>
#include <torch/types.h>

#include "tandem/core/device.h"
#include "tandem/model/clip_model.h"

namespace tandem {
namespace {

ModelOptions options() {
  ModelOptions options;
  options.text.vocab_size = 20;
  options.text.context_length = 8;
  options.text.pool = TextPool::kPooler;
  options.text.type_vocab_size = 2;
  options.image.image_size = 16;
  options.image.patch_size = 8;
  options.image.pool = ImagePool::kMap;
  options.image.class_token = true;
  options.text.width = options.image.width = 16;
  options.text.heads = options.image.heads = 2;
  options.text.layers = options.image.layers = 2;
  options.logit_bias = true;
  return options;
}

std::map<std::string, ModelParameter> by_name(const ClipModel& model) {
  std::map<std::string, ModelParameter> parameters;
  for (const ModelParameter& each : model_parameters(*model)) parameters.emplace(each.name, each);
  return parameters;
}

TEST(ModelParameters, HaveTheNamesAndTheOrderOfTorch) {
  const ClipModel model(options());
  const auto expected = model->named_parameters();
  const auto found = model_parameters(*model);
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].name, expected[i].key());
    EXPECT_TRUE(found[i].tensor.is_same(expected[i].value())) << found[i].name;
  }
}

TEST(ModelParameters, SayTheirTowerAndLayer) {
  const auto parameters = by_name(ClipModel(options()));
  struct Row {
    const char* name;
    Tower tower;
    std::optional<int64_t> layer;
  };
  for (const Row& row : std::initializer_list<Row>{
           {"text.token_embedding", Tower::kText, 0},
           {"text.embedding_norm.weight", Tower::kText, 0},
           {"text.layers.0.mlp_norm.bias", Tower::kText, 1},
           {"text.layers.1.attention.qkv.weight", Tower::kText, 2},
           {"text.pooler.weight", Tower::kText, 3},
           {"image.patch_embedding.weight", Tower::kImage, 0},
           {"image.class_token", Tower::kImage, 0},
           {"image.layers.1.mlp_in.weight", Tower::kImage, 2},
           {"image.final_norm.bias", Tower::kImage, 3},
           {"image.map_head.probe", Tower::kImage, 3},
           {"text_projector.linear.weight", Tower::kNone, std::nullopt},
           {"logit_scale", Tower::kNone, std::nullopt},
       }) {
    ASSERT_TRUE(parameters.contains(row.name)) << row.name;
    EXPECT_EQ(parameters.at(row.name).tower, row.tower) << row.name;
    EXPECT_EQ(parameters.at(row.name).layer, row.layer) << row.name;
  }
}

// open_clip's rule: vectors, positions, class tokens and the temperature are not decayed.
TEST(ModelParameters, DecayWeightMatricesAndTokenTables) {
  const auto parameters = by_name(ClipModel(options()));
  for (const char* name : {"text.token_embedding", "text.type_embedding",
                           "image.layers.0.attention.qkv.weight", "image_projector.linear.weight",
                           "image.patch_embedding.weight", "image.map_head.query.weight"})
    EXPECT_TRUE(parameters.at(name).role.decays) << name;
  for (const char* name : {"text.position_embedding", "image.position_embedding",
                           "image.class_token", "image.map_head.probe", "logit_scale", "logit_bias",
                           "text.layers.0.mlp_norm.weight", "text.layers.0.mlp_in.bias"})
    EXPECT_FALSE(parameters.at(name).role.decays) << name;
}

TEST(ModelParameters, WithoutARoleAreNamed) {
  const torch::nn::Linear foreign(2, 2);
  try {
    (void)model_parameters(*foreign);
    FAIL() << "a weight without a role was accepted";
  } catch (const c10::Error& error) {
    EXPECT_NE(std::string(error.what_without_backtrace()).find("weight"), std::string::npos);
  }
}

TEST(ModelParameters, OfAnUnknownNameHaveNoRole) {
  Linear layer(2, 2, /*with_bias=*/false);
  EXPECT_THROW(layer->set_role("bias", {}), c10::Error);
  EXPECT_THROW((void)layer->role("wieght"), c10::Error);
}

}  // namespace
}  // namespace tandem
