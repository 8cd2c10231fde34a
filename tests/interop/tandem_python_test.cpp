// Models that no class of transformers holds: exported with modeling_tandem.py, and read back.
#include <filesystem>

#include <gtest/gtest.h>

#include "core/temporary_folder.h"
#include "interop/python/python_files.h"
#include "tandem/core/files.h"
#include "tandem/interop/convert.h"

namespace tandem {
namespace {

ModelOptions small_model() {
  ModelOptions model;
  model.embed_dim = 12;
  model.text.vocab_size = 40;
  model.text.width = model.image.width = 12;
  model.text.layers = model.image.layers = 1;
  model.text.context_length = 8;
  model.image.image_size = 16;
  return model;
}

// Exports a model of `config` and returns what is read from the files.
ImportedModel there_and_back(const ModelConfig& config, const std::filesystem::path& folder) {
  ClipModel model(config.model, 3);
  model->eval();
  (void)export_model(folder, ModelFormat::kHuggingFace, model, config);
  ImportedModel again = import_model(folder, ModelFormat::kHuggingFace);
  const GoldenDifference difference = golden_difference(again.model, make_golden_sample(model));
  EXPECT_EQ(difference.image, 0.0);
  EXPECT_EQ(difference.text, 0.0);
  return again;
}

TEST(TandemPython, HoldsEveryPoolAndProjector) {
  for (const TextPool text : {TextPool::kMean, TextPool::kCls, TextPool::kPooler, TextPool::kEot,
                              TextPool::kLast, TextPool::kMeanAll, TextPool::kArgmax}) {
    for (const ImagePool image : {ImagePool::kCls, ImagePool::kMean, ImagePool::kPooler,
                                  ImagePool::kMap, ImagePool::kLogits}) {
      for (const ProjectorKind kind : {ProjectorKind::kGeluLayerNorm, ProjectorKind::kMlp}) {
        const TemporaryFolder folder;
        ModelConfig config{.model = small_model()};
        config.model.text.pool = text;
        config.model.image.pool = image;
        config.model.image.num_classes = 9;
        config.model.projector.kind = kind;
        EXPECT_EQ(there_and_back(config, folder.path()).config.model.text.pool, text);
      }
    }
  }
}

TEST(TandemPython, WritesTheScriptsBesideTheWeights) {
  const TemporaryFolder folder;
  ModelConfig config{.model = small_model()};
  config.model.text.pretrained = "";
  config.tokenizer.file = "/home/somebody/tokenizer.json";
  (void)there_and_back(config, folder.path());
  EXPECT_EQ(read_file(folder / "modeling_tandem.py"), kModelingPython);
  EXPECT_EQ(read_file(folder / "image_processing_tandem.py"), kImageProcessingPython);
  const std::string json = read_file(folder / "config.json");
  EXPECT_NE(json.find("modeling_tandem.TandemModel"), std::string::npos) << json;
  EXPECT_EQ(json.find("somebody"), std::string::npos) << json;
}

TEST(TandemPython, KeepsPixelsThatNoClassOfTransformersMakes) {
  const TemporaryFolder folder;
  ModelConfig config{.model = small_model()};
  config.transform.resize_mode = ResizeMode::kLongest;
  config.transform.interpolation = Interpolation::kLanczos;
  config.transform.crop_pct = 0.8;
  const ImportedModel again = there_and_back(config, folder.path());
  EXPECT_EQ(again.config.transform.resize_mode, ResizeMode::kLongest);
  EXPECT_EQ(again.config.transform.interpolation, Interpolation::kLanczos);
  EXPECT_EQ(again.config.transform.crop_pct, 0.8);
}

TEST(TandemPython, ReadsItsPixelsBesideAClassOfTransformers) {
  const TemporaryFolder folder;
  ModelConfig config{.model = small_model()};
  config.model.text.pool = TextPool::kPooler;
  config.model.image.pool = ImagePool::kPooler;
  config.model.projector = {.kind = ProjectorKind::kLinear, .bias = false};
  config.transform.resize_mode = ResizeMode::kLongest;
  const ImportedModel again = there_and_back(config, folder.path());
  EXPECT_FALSE(std::filesystem::exists(folder / "modeling_tandem.py"));
  EXPECT_TRUE(std::filesystem::exists(folder / "image_processing_tandem.py"));
  EXPECT_EQ(again.config.transform.resize_mode, ResizeMode::kLongest);
}

TEST(TandemPython, HoldsATowerAloneWithItsProjector) {
  for (const Towers towers : {Towers::kText, Towers::kImage}) {
    const TemporaryFolder folder;
    ModelConfig config{.model = small_model()};
    config.model.towers = towers;
    EXPECT_EQ(there_and_back(config, folder.path()).config.model.towers, towers);
  }
}

}  // namespace
}  // namespace tandem
