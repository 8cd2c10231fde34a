#include <filesystem>

#include <gtest/gtest.h>

#include "core/expect_error.h"
#include "core/temporary_folder.h"
#include "tandem/config/load.h"
#include "tandem/core/files.h"
#include "tandem/core/log.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

ModelConfig trained_model() {
  ModelConfig config;
  config.model.embed_dim = 48;
  config.model.projector.kind = ProjectorKind::kLinear;
  config.model.text.width = 96;
  config.model.text.activation = Activation::kQuickGelu;
  config.model.text.causal = true;
  config.model.text.context_length = 77;
  config.model.text.freeze = true;
  config.model.image.width = 64;
  config.model.image.mean = {0.5, 0.5, 0.5};
  config.tokenizer.file = "tokenizer.json";
  config.transform.interpolation = Interpolation::kBilinear;
  config.transform.background = "white";
  return config;
}

class PretrainedModel : public testing::Test {
 protected:
  PretrainedModel() { write_model(folder_ / "clip"); }
  void write_model(const fs::path& place) {
    fs::create_directories(place);
    write_file_atomically(place / "config.json", to_json(trained_model()));
    write_file_atomically(place / "model.safetensors", "not looked into");
    write_file_atomically(place / "tokenizer.json", "{}");
  }
  RunConfig load(const std::string& json) {
    write_file_atomically(folder_ / "run.json", json);
    return load_run_config(folder_ / "run.json");
  }
  // `json` with DIR for the model's folder.
  RunConfig load_with(std::string json) {
    const std::string place = (folder_ / "clip").string();
    for (size_t at = json.find("DIR"); at != std::string::npos; at = json.find("DIR"))
      json.replace(at, 3, place);
    return load(json);
  }
  std::string log_of(const std::string& json) {
    fs::remove(folder_ / "log");
    {
      const LogFile log(folder_ / "log");
      (void)load_with(json);
    }
    return read_file(folder_ / "log");
  }
  TemporaryFolder folder_;
};

constexpr const char* kData = R"("data": {"train": {"kind": "shapes"}})";

std::string run_with(const std::string& model) {
  return R"({"model": {)" + model + "}, " + kData + "}";
}

// For a model whose text tower brings no tokenizer.
std::string run_with_tokenizer(const std::string& model) {
  return R"({"tokenizer": {"train_vocab_size": 100}, "model": {)" + model + "}, " + kData + "}";
}

TEST_F(PretrainedModel, BringsItsArchitectureTokenizerAndPreprocessing) {
  const RunConfig run = load_with(run_with(R"("pretrained": "DIR")"));
  EXPECT_EQ(run.model.embed_dim, 48);
  EXPECT_EQ(run.model.projector.kind, ProjectorKind::kLinear);
  EXPECT_EQ(run.model.text.width, 96);
  EXPECT_TRUE(run.model.text.causal);
  EXPECT_FALSE(run.model.text.freeze);  // How it was trained is not part of it.
  EXPECT_EQ(run.model.image.mean[0], 0.5);
  EXPECT_EQ(run.tokenizer.file, (folder_ / "clip").string());
  EXPECT_EQ(run.data.transform.interpolation, Interpolation::kBilinear);
  EXPECT_EQ(run.data.transform.background, "white");
}

TEST_F(PretrainedModel, OfATowerBringsThatTowersAlone) {
  const RunConfig text =
      load_with(run_with(R"("text": {"pretrained": "DIR", "context_length": 48})"));
  EXPECT_EQ(text.model.text.width, 96);
  EXPECT_EQ(text.model.text.context_length, 48);
  EXPECT_EQ(text.model.embed_dim, ModelOptions{}.embed_dim);
  EXPECT_EQ(text.model.image.width, ImageEncoderOptions{}.width);
  EXPECT_EQ(text.tokenizer.file, (folder_ / "clip").string());
  EXPECT_EQ(text.data.transform.interpolation, ImageTransformOptions{}.interpolation);

  const RunConfig image = load_with(run_with_tokenizer(R"("image": {"pretrained": "DIR"})"));
  EXPECT_EQ(image.model.image.width, 64);
  EXPECT_EQ(image.model.text.width, TextEncoderOptions{}.width);
  EXPECT_EQ(image.data.transform.interpolation, Interpolation::kBilinear);
  EXPECT_TRUE(image.tokenizer.file.empty());
}

TEST_F(PretrainedModel, IsOverriddenByTheKeysBesideIt) {
  const RunConfig run = load_with(
      R"({"model": {"pretrained": "DIR", "image": {"image_size": 64}}, "tokenizer": {"lowercase": true},
          "data": {"train": {"kind": "shapes"}, "transform": {"background": "black"}}})");
  EXPECT_EQ(run.model.image.image_size, 64);
  EXPECT_TRUE(run.tokenizer.lowercase);
  EXPECT_EQ(run.data.transform.background, "black");
}

TEST_F(PretrainedModel, ReportsWhatChangesItsEmbeddings) {
  EXPECT_EQ(log_of(run_with(R"("pretrained": "DIR")")), "");
  EXPECT_EQ(
      log_of(run_with(R"("text": {"pretrained": "DIR", "context_length": 48, "dropout": 0.1})")),
      "");
  const std::string log = log_of(
      R"({"model": {"pretrained": "DIR", "text": {"activation": "gelu", "heads": 8, "causal": false},
                    "image": {"mean": [0.4, 0.4, 0.4], "pool": "mean"}},
          "data": {"train": {"kind": "shapes"}, "transform": {"interpolation": "bicubic"}}})");
  for (const char* part :
       {"model.text.activation = \"gelu\" replaces \"quick_gelu\" of ", "model.text.heads = 8",
        "model.text.causal = false", "model.image.mean", "model.image.pool = \"mean\"",
        "data.transform.interpolation = \"bicubic\" replaces \"bilinear\""})
    EXPECT_NE(log.find(part), std::string::npos) << part << " in " << log;
}

TEST_F(PretrainedModel, RefusesWhatItsWeightsCannotBeReadWith) {
  for (const char* key :
       {R"("text": {"width": 32})", R"("image": {"patch_size": 16})", R"("embed_dim": 12)",
        R"("projector": {"kind": "mlp"})", R"("image": {"class_token": false, "pool": "mean"})",
        R"("logit_bias": true)"})
    expect_error(ErrorKind::kConfig, {.what = "were made with"},
                 [&] { (void)load_with(run_with(std::string(R"("pretrained": "DIR", )") + key)); });
}

TEST_F(PretrainedModel, MayBeARunOrItsCheckpoint) {
  const fs::path run = folder_ / "runs" / "one", checkpoint = run / "checkpoints" / "step-00000004";
  fs::create_directories(checkpoint);
  RunConfig trained;
  trained.model.text.width = 72;
  trained.data.train.kind = SourceKind::kShapes;
  trained.tokenizer.train_vocab_size = 100;
  write_file_atomically(checkpoint / "config.json", to_json(trained));
  write_file_atomically(checkpoint / "model.safetensors", "not looked into");
  write_file_atomically(run / "config.json", to_json(trained));
  write_file_atomically(run / "tokenizer.model", "one");
  write_file_atomically(run / "checkpoints" / "latest", "step-00000004\n");
  for (const fs::path& place : {run, checkpoint, checkpoint / "model.safetensors",
                                run / "checkpoints", run / "checkpoints" / "latest"}) {
    const RunConfig loaded = load(run_with(R"("pretrained": ")" + place.string() + "\""));
    EXPECT_EQ(loaded.model.text.width, 72) << place;
    EXPECT_EQ(fs::path(loaded.tokenizer.file).filename(), "tokenizer.model") << place;
  }
  write_model(run / "model");
  EXPECT_EQ(load(run_with(R"("pretrained": ")" + run.string() + "\"")).model.text.width, 96);
}

TEST_F(PretrainedModel, WithoutAConfigurationOfOursSaysNothing) {
  fs::create_directories(folder_ / "hf");
  write_file_atomically(folder_ / "hf" / "config.json", R"({"model_type": "clip"})");
  write_file_atomically(folder_ / "hf" / "model.safetensors", "x");
  write_file_atomically(folder_ / "alone.safetensors", "x");
  for (const char* place : {"hf", "alone.safetensors"})
    EXPECT_EQ(load(run_with_tokenizer(R"("pretrained": ")" + (folder_ / place).string() + "\""))
                  .model.text.width,
              TextEncoderOptions{}.width);
}

// A configuration that a run has written says everything itself; its pretrained model may be gone.
TEST_F(PretrainedModel, IsNotReadForAText) {
  const std::string json =
      run_with_tokenizer(R"("pretrained": ")" + (folder_ / "clip").string() + "\"");
  EXPECT_EQ(parse_run_config(json).model.text.width, TextEncoderOptions{}.width);
  EXPECT_NE(log_of(run_with_tokenizer(R"("pretrained": "DIR/gone")")).find("nothing is there"),
            std::string::npos);
}

}  // namespace
}  // namespace tandem
