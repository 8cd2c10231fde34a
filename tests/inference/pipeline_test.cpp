#include "tandem/inference/pipeline.h"

#include <cmath>
#include <limits>
#include <thread>

#include <gtest/gtest.h>
#include <torch/cuda.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/expect_error.h"
#include "core/temporary_folder.h"
#include "inference/tiny_model.h"
#include "tandem/image/transform.h"
#include "tandem/io/safetensors.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

class PipelineTest : public ::testing::Test {
 protected:
  PipelineTest() { test::write_tiny_model(model_path()); }
  [[nodiscard]] fs::path model_path() const { return folder_.path() / "model"; }
  [[nodiscard]] Pipeline load(int64_t batch_size = 64,
                              const std::string& precision = "fp32") const {
    return Pipeline::load(model_path(),
                          {.device = "cpu", .precision = precision, .batch_size = batch_size});
  }
  /// Pictures of several sizes, as files.
  [[nodiscard]] std::vector<fs::path> write_pictures(int count) const {
    std::vector<fs::path> files;
    for (int i = 0; i < count; ++i) {
      files.push_back(folder_.path() / fmt_name(i));
      test::write_bmp(files.back(), picture(i));
    }
    return files;
  }
  static std::string fmt_name(int i) { return "picture" + std::to_string(i) + ".bmp"; }
  static Image picture(int i) {
    return test::noise_image(16 + 3 * i, 40 - 2 * i, static_cast<uint64_t>(i));
  }

  TemporaryFolder folder_;
};

TEST_F(PipelineTest, GivesWhatTheModelGives) {
  const Pipeline pipeline = load();
  const ModelConfig config = test::tiny_config();
  ClipModel model(config.model, 1);
  model->eval();
  const torch::NoGradGuard no_gradient;

  torch::Tensor pixels = torch::empty({2, 3, 16, 16}, torch::kUInt8);
  std::vector<std::vector<int32_t>> ids;
  const std::vector<std::string> texts = {"a red circle", "the big yellow star on white"};
  for (int i = 0; i < 2; ++i) {
    write_planar(evaluation_transform(picture(i), 16, config.transform),
                 pixels[i].data_ptr<uint8_t>());
    ids.push_back(test::tiny_tokenizer()->encode(texts[static_cast<size_t>(i)], 16).ids);
  }
  const torch::Tensor images = pipeline.encode_images(std::vector<Image>{picture(0), picture(1)});
  EXPECT_TRUE(torch::allclose(images, model->encode_images(pixels), 1e-5, 1e-6));
  EXPECT_TRUE(torch::allclose(pipeline.encode_texts(texts), model->encode_texts(pack_tokens(ids)),
                              1e-5, 1e-6));
  EXPECT_TRUE(torch::allclose(images.norm(2, 1), torch::ones(2), 1e-5, 1e-5));
  EXPECT_EQ(pipeline.embed_dim(), 16);
}

/// scripts/make_golden_scores.py
TEST(PipelineScores, OfSiglipAreThoseOfTransformers) {
  const torch::NoGradGuard no_gradient;
  for (const char* family : {"siglip", "siglip2"}) {
    const fs::path golden = fs::path(TANDEM_SOURCE_DIR) / "tests/golden/interop" / family;
    const TensorMap weights = load_safetensors(golden / "model.safetensors").tensors;
    const TensorMap expected = load_safetensors(golden / "scores.safetensors").tensors;
    const torch::Tensor& images = expected.at("out.image_embeddings");
    ModelConfig config = test::tiny_config();
    config.model.embed_dim = images.size(1);
    config.model.logit_bias = true;
    ClipModel model(config.model, 1);
    model->logit_scale().fill_(weights.at("logit_scale").item<float>());
    model->logit_bias().fill_(weights.at("logit_bias").item<float>());
    const Pipeline pipeline = Pipeline::from_model(model, test::tiny_tokenizer(), config, 4);
    ASSERT_EQ(pipeline.score_kind(), ScoreKind::kSigmoid);
    const torch::Tensor scores = pipeline.scores(images, expected.at("out.text_embeddings"));
    EXPECT_TRUE(torch::allclose(scores, expected.at("out.scores"), 1e-5, 1e-6)) << family;
  }
}

TEST_F(PipelineTest, BatchSizeChangesNothing) {
  const std::vector<fs::path> files = write_pictures(7);
  const std::vector<std::string> texts = test::tiny_captions();
  const Pipeline whole = load();
  for (const int64_t batch_size : {1, 3}) {
    const Pipeline parts = load(batch_size);
    EXPECT_TRUE(
        torch::allclose(parts.encode_images(files), whole.encode_images(files), 1e-5, 1e-6));
    EXPECT_TRUE(torch::allclose(parts.encode_texts(texts), whole.encode_texts(texts), 1e-5, 1e-6));
  }
}

TEST_F(PipelineTest, FilesGiveWhatTheirPixelsGive) {
  const std::vector<fs::path> files = write_pictures(3);
  const Pipeline pipeline = load();
  EXPECT_TRUE(
      torch::equal(pipeline.encode_images(files),
                   pipeline.encode_images(std::vector<Image>{picture(0), picture(1), picture(2)})));
}

TEST_F(PipelineTest, AnUnusablePictureLeavesTheOthersAlone) {
  std::vector<fs::path> files = write_pictures(5);
  const Pipeline pipeline = load(2);
  const torch::Tensor expected = pipeline.encode_images(files);
  write_file_atomically(files[1], "not a picture");
  fs::remove(files[3]);

  const PartialEmbeddings partial = pipeline.try_encode_images(files);
  ASSERT_EQ(partial.errors.size(), 5U);
  ASSERT_TRUE(partial.errors[1] && partial.errors[3]);
  EXPECT_EQ(partial.errors[1]->kind(), ErrorKind::kData);
  EXPECT_EQ(partial.errors[3]->kind(), ErrorKind::kMissingInput);
  for (const int64_t row : {1, 3}) EXPECT_EQ(partial.embeddings[row].abs().sum().item<float>(), 0);
  for (const int64_t row : {0, 2, 4}) {
    EXPECT_FALSE(partial.errors[static_cast<size_t>(row)]);
    EXPECT_TRUE(torch::allclose(partial.embeddings[row], expected[row], 1e-5, 1e-6));
  }
  expect_error(ErrorKind::kData, {.where = fmt_name(1)},
               [&] { (void)pipeline.encode_images(files); });
}

TEST_F(PipelineTest, FilesInMemoryAreEncodedAsThoseOnDisk) {
  const Pipeline pipeline = load();
  const std::vector<fs::path> files = write_pictures(3);
  std::vector<std::string> contents;
  for (const fs::path& file : files) contents.push_back(read_file(file));
  std::vector<std::string_view> bytes(contents.begin(), contents.end());
  const torch::Tensor expected = pipeline.encode_images(files);
  EXPECT_TRUE(torch::equal(pipeline.encode_image_bytes(bytes), expected));

  bytes[1] = "<html>no image</html>";
  const PartialEmbeddings partial = pipeline.try_encode_image_bytes(bytes);
  ASSERT_TRUE(partial.errors[1]);
  EXPECT_EQ(partial.errors[1]->kind(), ErrorKind::kData);
  EXPECT_FALSE(partial.errors[0] || partial.errors[2]);
  EXPECT_TRUE(torch::allclose(partial.embeddings[2], expected[2], 1e-5, 1e-6));
  expect_error(ErrorKind::kData, {.found = "HTML"},
               [&] { (void)pipeline.encode_image_bytes(bytes); });
}

TEST_F(PipelineTest, TextsAndTheirIdsAreEncodedAlike) {
  const Pipeline pipeline = load();
  std::vector<std::string> texts;
  std::vector<std::vector<int32_t>> ids;
  const int64_t context_length = pipeline.config().model.text.context_length;
  for (int64_t i = 0; i < 2 * pipeline.batch_size() + 3; ++i) {
    texts.push_back(i % 3 == 0 ? "a red circle" : "a blue square " + std::to_string(i));
    ids.push_back(pipeline.tokenizer().encode(texts.back(), context_length).ids);
  }
  const torch::Tensor expected = pipeline.encode_texts(texts);
  EXPECT_TRUE(torch::equal(pipeline.encode_ids(ids), expected));
  const PartialEmbeddings partial = pipeline.try_encode_texts(texts);
  EXPECT_TRUE(torch::equal(partial.embeddings, expected));
  EXPECT_EQ(partial.errors.size(), texts.size());
  for (const auto& error : partial.errors) EXPECT_FALSE(error);
  expect_error(ErrorKind::kUsage, {.what = "texts"}, [&] { (void)pipeline.try_encode_texts({}); });
}

TEST_F(PipelineTest, OnlyErrorsMakeAPictureUnusable) {
  const Pipeline pipeline = load();
  EXPECT_THROW((void)pipeline.try_encode_images(
                   2, [](int64_t) -> Image { throw std::logic_error("a bug"); }),
               std::logic_error);
}

TEST_F(PipelineTest, SimilarityIsTheScaledDotProduct) {
  const Pipeline pipeline = load();
  const torch::Tensor images = pipeline.encode_images(write_pictures(3));
  const torch::Tensor texts = pipeline.encode_texts({"a red circle", "two words"});
  const torch::Tensor logits = pipeline.similarity(images, texts);
  EXPECT_EQ(logits.sizes(), (std::vector<int64_t>{3, 2}));
  EXPECT_NEAR(logits[2][1].item<double>(), (images[2] * texts[1]).sum().item<double>() / 0.07,
              1e-3);
  expect_error(ErrorKind::kUsage, {.expected = "[N, 16]"},
               [&] { (void)pipeline.similarity(images, texts.t()); });
}

TEST_F(PipelineTest, ScoresAreSharesOrEachPairsOwn) {
  const Pipeline softmax = load();
  const torch::Tensor images = softmax.encode_images(write_pictures(3));
  const torch::Tensor texts = softmax.encode_texts({"a red circle", "two words"});
  EXPECT_EQ(softmax.score_kind(), ScoreKind::kSoftmax);
  EXPECT_TRUE(torch::allclose(softmax.scores(images, texts).sum(1), torch::ones(3), 1e-5, 1e-5));

  ModelConfig config = test::tiny_config();
  config.model.logit_bias = true;
  config.model.logit_bias_init = -1.5;
  const Pipeline sigmoid =
      Pipeline::from_model(ClipModel(config.model, 1), test::tiny_tokenizer(), config, 4);
  EXPECT_EQ(sigmoid.score_kind(), ScoreKind::kSigmoid);
  const torch::Tensor scores = sigmoid.scores(images, texts);
  EXPECT_TRUE(torch::equal(scores, torch::sigmoid(sigmoid.similarity(images, texts))));
  // Whatever the other texts are.
  EXPECT_TRUE(torch::allclose(sigmoid.scores(images, texts.slice(0, 0, 1)), scores.slice(1, 0, 1)));
}

TEST_F(PipelineTest, Bf16StaysUnitNormAndClose) {
  const std::vector<std::string> texts = test::tiny_captions();
  const Pipeline rounded = load(64, "bf16");
  const torch::Tensor exact = load().encode_texts(texts);
  const torch::Tensor close = rounded.encode_texts(texts);
  EXPECT_EQ(close.scalar_type(), torch::kFloat32);
  EXPECT_TRUE(torch::allclose(close.norm(2, 1), torch::ones(close.size(0)), 1e-5, 1e-5));
  EXPECT_GT((exact * close).sum(1).min().item<float>(), 0.99F);
  EXPECT_NEAR(rounded.similarity(exact, exact)[0][0].item<double>(), 1 / 0.07, 1e-2);
}

TEST_F(PipelineTest, Int8StaysUnitNormAndClose) {
  const std::vector<std::string> texts = test::tiny_captions();
  const std::vector<fs::path> files = write_pictures(5);
  const Pipeline exact = load(), rounded = load(64, "int8");
  const torch::Tensor close = rounded.encode_texts(texts);
  EXPECT_TRUE(torch::allclose(close.norm(2, 1), torch::ones(close.size(0)), 1e-5, 1e-5));
  EXPECT_GT((exact.encode_texts(texts) * close).sum(1).min().item<float>(), 0.995F);
  const torch::Tensor pictures = rounded.encode_images(files), wanted = exact.encode_images(files);
  EXPECT_GT((wanted * pictures).sum(1).min().item<float>(), 0.995F);
  EXPECT_FALSE(torch::equal(wanted, pictures));  // 8 bits were used
  EXPECT_TRUE(rounded.check_golden().passes());
}

TEST_F(PipelineTest, ThreadsShareOnePipeline) {
  const std::vector<fs::path> files = write_pictures(6);
  for (const char* precision : {"fp32", "bf16", "int8"}) {
    const Pipeline pipeline = load(2, precision);
    const torch::Tensor expected = pipeline.encode_images(files);
    std::vector<torch::Tensor> results(4);
    {
      std::vector<std::jthread> threads;
      threads.reserve(results.size());
      for (torch::Tensor& result : results)
        threads.emplace_back([&] { result = pipeline.encode_images(files); });
    }
    for (const torch::Tensor& result : results)
      EXPECT_TRUE(torch::allclose(result, expected, 1e-5, 1e-6)) << precision;
  }
}

TEST_F(PipelineTest, AVocabularyOfAnotherSizeIsRefusedWithBothNumbers) {
  TokenizerOptions options;
  options.train_vocab_size = 40;
  const Tokenizer other = train_tokenizer(test::tiny_captions(), options);
  other.save(model_path() / "tokenizer.model");
  const std::string rows = std::to_string(test::tiny_tokenizer()->vocab_size());
  const std::string pieces = std::to_string(other.vocab_size());
  expect_error(ErrorKind::kCheckpoint,
               {.what = "tokenizer does not belong",
                .expected = rows + " pieces (model.text.vocab_size in config.json)",
                .found = pieces + " pieces in tokenizer.model"},
               [&] { (void)load(); });
}

TEST_F(PipelineTest, IdsOutsideTheVocabularyAreAnError) {
  const Pipeline pipeline = load();
  const auto rows = static_cast<int32_t>(pipeline.config().model.text.vocab_size);
  const auto context = static_cast<size_t>(pipeline.config().model.text.context_length);
  EXPECT_EQ(pipeline.encode_ids({{0, rows - 1}}).size(0), 1);
  for (const int32_t id : {-1, rows, INT32_MAX, INT32_MIN}) {
    expect_error(ErrorKind::kUsage,
                 {.what = "an id is outside the model's vocabulary", .where = "text 1"}, [&] {
                   (void)pipeline.encode_ids({{0, 2}, {0, id, 2}});
                 });
  }
  expect_error(ErrorKind::kUsage, {.what = "a text has no ids"},
               [&] { (void)pipeline.encode_ids({{}}); });
  expect_error(ErrorKind::kUsage, {.what = "a text is too long"},
               [&] { (void)pipeline.encode_ids({std::vector<int32_t>(context + 1, 0)}); });
}

TEST_F(PipelineTest, ATokenizerThatNeverGivesTheModelsEndIsRefused) {
  ModelConfig config = test::tiny_config();
  config.model.text.pool = TextPool::kEot;
  config.model.text.eos_id = 3;
  save_model(model_path(), ClipModel(config.model, 1), config,
             {.text = "a photo of a circle", .ids = {0, 3}});
  expect_error(ErrorKind::kCheckpoint,
               {.what = "never ends a text as the model expects", .expected = "id 3 at the end"},
               [&] { (void)load(); });
}

TEST_F(PipelineTest, EmbeddingsThatAreNotFiniteAreAnError) {
  const fs::path file = model_path() / "model.safetensors";
  TensorMap weights = load_safetensors(file).tensors;
  torch::Tensor& damaged = weights.at("image_projector.linear.weight");
  damaged = damaged.clone();
  damaged[0][0] = std::numeric_limits<float>::quiet_NaN();
  save_safetensors(file, weights);
  const Pipeline pipeline = load();
  expect_error(ErrorKind::kCheckpoint, {.what = "embeddings that are not finite"},
               [&] { (void)pipeline.encode_images({picture(1)}); });
  EXPECT_NO_THROW((void)pipeline.encode_texts({"a red circle"}));
}

TEST_F(PipelineTest, SaysWhatIsMissingOrWrong) {
  const fs::path nowhere = folder_.path() / "nowhere";
  expect_error(ErrorKind::kMissingInput, {.where = "nowhere"},
               [&] { (void)Pipeline::load(nowhere); });
  expect_error(ErrorKind::kUsage, {.what = "batch_size"}, [&] { (void)load(0); });
  expect_error(ErrorKind::kUsage, {.found = "fp64"}, [&] { (void)load(1, "fp64"); });
  const Pipeline pipeline = load();
  expect_error(ErrorKind::kUsage, {.what = "no texts"}, [&] { (void)pipeline.encode_texts({}); });
  expect_error(ErrorKind::kUsage, {.what = "no images"},
               [&] { (void)pipeline.encode_images(std::vector<Image>{}); });
  fs::remove(model_path() / "tokenizer.model");
  expect_error(ErrorKind::kMissingInput, {.where = "tokenizer.model"}, [&] { (void)load(); });
}

TEST_F(PipelineTest, NamesTheTokenizerThatAConvertedModelCameWithout) {
  const ModelConfig config = test::tiny_config();
  save_model(model_path(), ClipModel(config.model, 1), config);
  fs::remove(model_path() / "tokenizer.model");
  const Pipeline pipeline = load();
  const Error error =
      expect_error(ErrorKind::kUsage, {.expected = "tokenizer.model in this folder"},
                   [&] { (void)pipeline.encode_texts({"two words"}); });
  EXPECT_EQ(error.text().where, model_path().string());
}

TEST_F(PipelineTest, AGpuThatIsNotThereIsADeviceError) {
  if (torch::cuda::is_available()) GTEST_SKIP() << "this machine has a GPU";
  expect_error(ErrorKind::kDevice, {.what = "not available"},
               [&] { (void)Pipeline::load(model_path(), {.device = "cuda"}); });
}

TEST(PipelineFromModel, LeavesTheModelAsItWasAndTrainable) {
  const ModelConfig config = test::tiny_config();
  ClipModel model(config.model, 3);
  model->train();
  model->text->eval();
  const Pipeline pipeline = Pipeline::from_model(model, test::tiny_tokenizer(), config, 4);
  const std::vector<std::string> texts = {"a red circle", "two words"};
  const torch::Tensor before = pipeline.encode_texts(texts);
  EXPECT_FALSE(before.is_inference());
  EXPECT_FALSE(before.requires_grad());
  EXPECT_TRUE(model->is_training());
  EXPECT_TRUE(model->image->is_training());
  EXPECT_FALSE(model->text->is_training());

  (void)pipeline.encode_images(std::vector<Image>{test::noise_image(20, 20, 5)});
  const torch::Tensor pixels = torch::randint(0, 256, {2, 3, 16, 16}, torch::kUInt8);
  model->encode_images(pixels).sum().backward();
  EXPECT_TRUE(model->image_projector->linear->weight.grad().defined());

  {
    const torch::NoGradGuard no_gradient;
    model->text_projector->linear->weight.mul_(-1);
  }
  EXPECT_FALSE(torch::allclose(pipeline.encode_texts(texts), before));
}

TEST(PipelineFromModel, UnnormalisedModelsKeepTheirLengths) {
  ModelConfig config = test::tiny_config();
  config.model.normalize_embeddings = false;
  ClipModel model(config.model, 3);
  const Pipeline pipeline = Pipeline::from_model(model, test::tiny_tokenizer(), config, 4);
  EXPECT_GT((pipeline.encode_texts({"two words"}).norm() - 1).abs().item<float>(), 0.1F);
}

}  // namespace
}  // namespace tandem
