#include "tandem/model/clip_model.h"
#include "model/small_model.h"

#include <filesystem>
#include <functional>

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/expect_error.h"
#include "tandem/core/error.h"
#include "tandem/core/token_batch.h"
#include "tandem/model/model_directory.h"

namespace tandem {
namespace {

using test::small_options;

TokenBatch some_texts() {
  return pack_tokens({{0, 5, 6, 7, 2}, {0, 9, 2}, {0, 11, 12, 13, 14, 15, 16, 17, 2}, {0, 2}});
}

torch::Tensor some_images(int64_t count) {
  return torch::arange(count * 3 * 16 * 16)
      .remainder(251)
      .to(torch::kUInt8)
      .view({count, 3, 16, 16});
}

std::filesystem::path scratch(const std::string& name) {
  const auto path = std::filesystem::path(testing::TempDir()) / name;
  std::filesystem::remove_all(path);
  std::filesystem::create_directories(path);
  return path;
}

class TextPooling : public testing::TestWithParam<TextPool> {};

TEST_P(TextPooling, ATextIsTheSameAloneAndInABatch) {
  const torch::NoGradGuard no_grad;
  ModelOptions options = small_options();
  options.text.pool = GetParam();
  options.text.causal = GetParam() == TextPool::kEot;
  ClipModel model(options, 1);
  const TokenBatch batch = some_texts();
  const torch::Tensor together = model->encode_texts(batch);
  for (int64_t text = 0; text < batch.size(); ++text) {
    const torch::Tensor alone = model->encode_texts(batch.slice(text, text + 1));
    EXPECT_LT((alone[0] - together[text]).abs().max().item<double>(), 1e-6) << "text " << text;
  }
}

INSTANTIATE_TEST_SUITE_P(Pools, TextPooling,
                         testing::Values(TextPool::kMean, TextPool::kCls, TextPool::kPooler,
                                         TextPool::kEot, TextPool::kLast));

TEST(TextEncoder, MeanAllCountsPaddingAsTheArticleDoes) {
  const torch::NoGradGuard no_grad;
  ModelOptions options = small_options();
  options.text.pool = TextPool::kMeanAll;
  ClipModel model(options, 1);
  const TokenBatch batch = some_texts();
  const torch::Tensor together = model->encode_texts(batch);
  const torch::Tensor alone = model->encode_texts(batch.slice(1, 2));
  EXPECT_GT((alone[0] - together[1]).abs().max().item<double>(), 1e-4);
}

TEST(TextEncoder, RefusesATextLongerThanItsContext) {
  ModelOptions options = small_options();
  options.text.context_length = 8;
  ClipModel model(options, 1);
  EXPECT_THROW(model->encode_texts(some_texts()), c10::Error);
}

TEST(TextEncoder, CausalAttentionIgnoresWhatComesAfter) {
  const torch::NoGradGuard no_grad;
  ModelOptions options = small_options();
  options.text.causal = true;
  ClipModel model(options, 1);
  const torch::Tensor a = model->text->encode_tokens(pack_tokens({{0, 5, 6, 7}, {0, 5}}));
  const torch::Tensor b = model->text->encode_tokens(pack_tokens({{0, 5, 6, 30}, {0, 5}}));
  EXPECT_TRUE(torch::allclose(a.slice(0, 0, 3), b.slice(0, 0, 3)));
  EXPECT_FALSE(torch::allclose(a[3], b[3]));
}

class ImagePooling : public testing::TestWithParam<ImagePool> {};

TEST_P(ImagePooling, GivesFeaturesOfTheStatedSize) {
  ModelOptions options = small_options();
  options.image.pool = GetParam();
  options.image.num_classes = 7;
  options.image.class_token = GetParam() != ImagePool::kMap;
  ClipModel model(options, 1);
  EXPECT_EQ(model->image(some_images(3)).sizes(),
            (std::vector<int64_t>{3, GetParam() == ImagePool::kLogits ? 7 : 16}));
  EXPECT_EQ(model->encode_images(some_images(3)).sizes(), (std::vector<int64_t>{3, 12}));
}

INSTANTIATE_TEST_SUITE_P(Pools, ImagePooling,
                         testing::Values(ImagePool::kCls, ImagePool::kMean, ImagePool::kPooler,
                                         ImagePool::kMap, ImagePool::kLogits));

TEST(ImageEncoder, NormalisesBytesAsItsOptionsSay) {
  const torch::NoGradGuard no_grad;
  ModelOptions options = small_options();
  ClipModel model(options, 1);
  const torch::Tensor bytes = some_images(2);
  const auto& [r, g, b] = options.image.mean;
  const torch::Tensor mean = torch::tensor({r, g, b}, torch::kFloat32).view({3, 1, 1});
  const torch::Tensor std =
      torch::tensor({options.image.std[0], options.image.std[1], options.image.std[2]},
                    torch::kFloat32)
          .view({3, 1, 1});
  const torch::Tensor normalised = (bytes.to(torch::kFloat32) / 255 - mean) / std;
  EXPECT_TRUE(
      torch::allclose(model->encode_images(bytes), model->encode_images(normalised), 1e-4, 1e-5));
}

TEST(ClipModel, SameSeedSameWeightsAndNoGlobalRandomState) {
  torch::manual_seed(7);
  const torch::Tensor before = torch::rand({3});
  torch::manual_seed(7);
  const ClipModel a(small_options(), 3);
  EXPECT_TRUE(torch::equal(before, torch::rand({3})));
  const ClipModel b(small_options(), 3), c(small_options(), 4);
  const TensorMap weights_a = named_weights(*a), weights_b = named_weights(*b);
  for (const auto& [name, tensor] : weights_a) {
    EXPECT_TRUE(torch::equal(tensor, weights_b.at(name))) << name;
  }
  EXPECT_FALSE(torch::equal(weights_a.at("text.token_embedding"),
                            named_weights(*c).at("text.token_embedding")));
}

TEST(ClipModel, DropoutReplaysWithItsSeed) {
  ModelOptions options = small_options();
  options.text.dropout = options.text.attention_dropout = options.image.dropout = 0.3;
  ClipModel model(options, 1);
  const TokenBatch texts = some_texts();
  model->seed_dropout(5);
  const torch::Tensor first = model->encode_texts(texts);
  const torch::Tensor second = model->encode_texts(texts);
  model->seed_dropout(5);
  EXPECT_TRUE(torch::equal(first, model->encode_texts(texts)));
  EXPECT_FALSE(torch::equal(first, second));
  model->eval();
  EXPECT_TRUE(torch::equal(model->encode_texts(texts), model->encode_texts(texts)));
}

TEST(ClipModel, SwitchesNormalisationOnAndOff) {
  const torch::NoGradGuard no_grad;
  ModelOptions options = small_options();
  ClipModel model(options, 1);
  const auto norms = [&](ClipModel each) {
    return each->encode_images(some_images(2)).norm(2, -1);
  };
  EXPECT_TRUE(torch::allclose(norms(model), torch::ones({2})));
  options.normalize_embeddings = false;
  EXPECT_FALSE(torch::allclose(norms(ClipModel(options, 1)), torch::ones({2}), 0.1, 0.1));
}

TEST(ClipModel, ClampsTheTemperature) {
  const ModelOptions options = small_options();
  ClipModel model(options, 1);
  {
    const torch::NoGradGuard no_grad;
    model->logit_scale().fill_(9.0);
  }
  model->clamp_logit_scale();
  EXPECT_FLOAT_EQ(model->logit_scale().item<float>(), static_cast<float>(options.logit_scale_max));
}

TEST(ClipModel, RunsInBf16WithAnFp32Temperature) {
  ClipModel model(small_options(), 1);
  const torch::NoGradGuard no_grad;
  const torch::Tensor exact = model->encode_texts(some_texts());
  set_precision(model, torch::kBFloat16);
  EXPECT_EQ(model->logit_scale().scalar_type(), torch::kFloat32);
  const torch::Tensor rounded = model->encode_texts(some_texts());
  EXPECT_EQ(rounded.scalar_type(), torch::kFloat32);
  EXPECT_LT((exact - rounded).abs().max().item<double>(), 0.05);
}

TEST(MakeModel, FreezesATowerButItsLastLayers) {
  ModelOptions options = small_options();
  options.image.freeze = true;
  options.image.unfreeze_last_layers = 1;
  const ClipModel model = make_model(options, 1);
  const auto parameters = model->named_parameters();
  EXPECT_FALSE(parameters["image.patch_embedding.weight"].requires_grad());
  EXPECT_FALSE(parameters["image.layers.0.mlp_in.weight"].requires_grad());
  EXPECT_TRUE(parameters["image.layers.1.mlp_in.weight"].requires_grad());
  EXPECT_TRUE(parameters["image.final_norm.weight"].requires_grad());
  EXPECT_TRUE(parameters["text.layers.0.mlp_in.weight"].requires_grad());
  EXPECT_TRUE(parameters["image_projector.linear.weight"].requires_grad());
}

TEST(MakeModel, StartsATowerFromAnotherModelAndFitsItsPositions) {
  const auto folder = scratch("tower");
  ModelOptions options = small_options();
  const ClipModel trained(options, 9);
  save_model(folder, trained, {.model = options, .tokenizer = {}, .transform = {}});
  options.image.pretrained = folder.string();
  options.image.image_size = 32;
  const ClipModel model = make_model(options, 1);
  const TensorMap weights = named_weights(*model), source = named_weights(*trained);
  EXPECT_TRUE(torch::equal(weights.at("image.layers.0.mlp_in.weight"),
                           source.at("image.layers.0.mlp_in.weight")));
  EXPECT_FALSE(torch::equal(weights.at("text.layers.0.mlp_in.weight"),
                            source.at("text.layers.0.mlp_in.weight")));
  EXPECT_EQ(weights.at("image.position_embedding").size(0), 17);
  EXPECT_TRUE(torch::equal(weights.at("image.position_embedding")[0],
                           source.at("image.position_embedding")[0]));
}

// Tables of 3 × 3 patches at other sizes, by PyTorch: scripts/make_golden_interop.py.
TEST(MakeModel, InterpolatesPositionsAsEachFamilyDoes) {
  const TensorMap golden = load_safetensors(std::filesystem::path(TANDEM_SOURCE_DIR) /
                                            "tests/golden/interop" / "positions.safetensors")
                               .tensors;
  const auto folder = scratch("positions");
  ModelOptions options = small_options();
  options.image = {.image_size = 15, .patch_size = 5, .width = 4, .layers = 1, .heads = 1};
  const ClipModel trained(options, 9);
  {
    const torch::NoGradGuard no_grad;
    trained->image->position_embedding.copy_(golden.at("table"));
  }
  save_model(folder, trained, {.model = options, .tokenizer = {}, .transform = {}});
  options.image.pretrained = folder.string();
  for (const int64_t side : {2, 5, 7}) {
    for (const bool antialias : {false, true}) {
      options.image.image_size = 5 * side;
      options.image.position_antialias = antialias;
      const std::string name = (antialias ? "open_clip." : "hugging_face.") + std::to_string(side);
      const torch::Tensor ours = make_model(options, 1)->image->position_embedding;
      EXPECT_TRUE(torch::allclose(ours, golden.at(name), 1e-6, 1e-6)) << name;
    }
  }
}

TEST(ClipModel, HasOneTowerAloneWhenAsked) {
  ModelOptions options = small_options();
  options.towers = Towers::kText;
  options.projector.kind = ProjectorKind::kNone;
  options.embed_dim = options.text.width;
  options.normalize_embeddings = false;
  ClipModel model(options, 1);
  EXPECT_EQ(named_weights(*model).size(),
            named_weights(*ClipModel(small_options())).count("logit_scale") +
                model->text->named_parameters().size());
  EXPECT_TRUE(torch::equal(model->encode_texts(some_texts()), model->text(some_texts())));
  EXPECT_THROW((void)model->encode_images(some_images(1)), Error);
}

TEST(TextEncoder, FillsTheContextAndReadsIt) {
  const torch::NoGradGuard no_grad;
  ModelOptions options = small_options();
  options.text.context_length = 6;
  options.text.position_style = PositionStyle::kAbsolute;
  options.text.pool = TextPool::kLast;
  options.text.pad_to_context = true;
  ClipModel model(options, 1);
  TextEncoder text = model->text;
  const torch::Tensor filled = text(pack_tokens({{0, 7, 2}, {0, 7, 2, 1, 1, 1}}));
  EXPECT_TRUE(torch::allclose(filled[0], filled[1]));
  const torch::Tensor other = text(pack_tokens({{0, 7, 2, 1, 1, 3}}));
  EXPECT_FALSE(torch::allclose(filled[0], other[0]));
}

TEST(TextEncoder, FindsTheLargestIdOrTheFirstEnd) {
  const torch::NoGradGuard no_grad;
  ModelOptions options = small_options();
  options.text.causal = true;
  options.text.eos_id = 40;
  const TokenBatch texts = pack_tokens({{0, 45, 40, 3, 45, 40}, {0, 4, 40}});
  for (const auto& [pool, rows] : {std::pair{TextPool::kArgmax, std::array<int64_t, 2>{1, 8}},
                                   std::pair{TextPool::kEot, std::array<int64_t, 2>{2, 8}}}) {
    options.text.pool = pool;
    ClipModel model(options, 1);
    const torch::Tensor states = model->text->encode_tokens(texts);
    const torch::Tensor pooled = model->text(texts);
    for (int64_t i = 0; i < 2; ++i)
      EXPECT_TRUE(torch::allclose(pooled[i], states[rows[static_cast<size_t>(i)]], 1e-5, 1e-6))
          << i;
  }
}

TEST(GoldenSample, TellsTheSameModelFromAnother) {
  const auto folder = scratch("golden");
  ClipModel model(small_options(), 9);
  save_model(folder, model, {.model = small_options(), .tokenizer = {}, .transform = {}},
             {.text = "a cat", .ids = {0, 9, 10, 2}});
  const auto sample = load_golden_sample(folder);
  ASSERT_TRUE(sample.has_value());
  EXPECT_EQ(sample->text.text, "a cat");
  EXPECT_EQ(sample->text.ids, (std::vector<int32_t>{0, 9, 10, 2}));
  model->eval();
  const GoldenDifference same = golden_difference(model, *sample);
  EXPECT_LT(same.image, 1e-6);
  EXPECT_LT(same.text, 1e-6);
  {
    const torch::NoGradGuard no_grad;
    model->image->layers->block(0)->mlp_in->weight[0][0].add_(0.5);
  }
  const GoldenDifference changed = golden_difference(model, *sample);
  EXPECT_GT(changed.image, golden_tolerance(torch::kFloat32));
  EXPECT_LT(changed.text, 1e-6);
  ModelOptions wide = small_options();
  wide.image.image_size = 32;
  EXPECT_THROW((void)golden_difference(ClipModel(wide), *sample), Error);
  std::filesystem::remove(folder / "golden.safetensors");
  EXPECT_FALSE(load_golden_sample(folder).has_value());
}

TEST(ModelDirectory, RoundTripsExactly) {
  const auto folder = scratch("round_trip");
  ClipModel model(small_options(), 9);
  save_model(folder, model, {.model = small_options(), .tokenizer = {}, .transform = {}});
  const LoadedModel loaded = load_model(folder);
  for (const auto& [name, tensor] : named_weights(*model)) {
    EXPECT_TRUE(torch::equal(tensor, named_weights(*loaded.model).at(name))) << name;
  }
  EXPECT_TRUE(std::filesystem::exists(folder / "README.md"));
}

TEST(ModelDirectory, NamesEveryTensorThatDoesNotFit) {
  ClipModel model(small_options(), 1);
  TensorMap weights = named_weights(*model);
  weights.erase("logit_scale");
  weights["image.class_token"] = torch::zeros({5});
  weights["stray"] = torch::zeros({1});
  const Error error =
      expect_error(ErrorKind::kCheckpoint, {.what = "do not fit", .where = "a.safetensors"},
                   [&] { load_weights(*model, weights, "a.safetensors"); });
  for (const char* part : {"1 missing: logit_scale", "1 unexpected: stray",
                           "image.class_token (model [16], file [5])"})
    expect_parts(error, {.what = part});
}

void refuses(const std::string& what, const std::function<void(ModelOptions&)>& change) {
  ModelOptions options = small_options();
  change(options);
  expect_error(ErrorKind::kConfig, {.what = what}, [&] { ClipModel(options, 1); });
}

TEST(ClipModel, RefusesContradictions) {
  refuses("model.image.patch_size = 17",
          [](ModelOptions& o) { o.image.patch_size = o.image.image_size + 1; });
  refuses("model.text.vocab_size: expected the tokenizer's size, found 0",
          [](ModelOptions& o) { o.text.vocab_size = 0; });
  refuses("model.image.class_token = false", [](ModelOptions& o) { o.image.class_token = false; });
  refuses("model.text.width = 16 is not a multiple", [](ModelOptions& o) { o.text.heads = 3; });
  refuses("model.embed_dim = 12 must be the 16 features of the image tower", [](ModelOptions& o) {
    o.projector.kind = ProjectorKind::kNone;
    o.text.width = 12;
  });
}

TEST(ClipModel, RefusesValuesOutOfRange) {
  refuses("model.image.heads: expected a whole number at least 1",
          [](ModelOptions& o) { o.image.heads = 0; });
  refuses("model.image.patch_size: expected a whole number at least 1",
          [](ModelOptions& o) { o.image.patch_size = 0; });
  refuses("model.text.heads: expected a whole number at least 1",
          [](ModelOptions& o) { o.text.heads = 0; });
  refuses("model: 2 mistakes", [](ModelOptions& o) { o.text.layers = o.image.patch_size = 0; });
}

TEST(ClipModel, ItsTowersAloneRefuseTheSame) {
  ModelOptions options = small_options();
  options.image.heads = options.text.heads = 0;
  expect_error(ErrorKind::kConfig, {.what = "model.image.heads: expected"},
               [&] { ImageEncoder(options.image, nullptr); });
  expect_error(ErrorKind::kConfig, {.what = "model.text.heads: expected"},
               [&] { TextEncoder(options.text, nullptr); });
}

}  // namespace
}  // namespace tandem
