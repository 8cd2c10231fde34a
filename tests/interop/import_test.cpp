// Weights as they are found: in files of other names, wrapped, one tower alone, without a
// configuration.
#include <filesystem>

#include <gtest/gtest.h>
#include <torch/types.h>

#include "core/expect_error.h"
#include "core/temporary_folder.h"
#include "interop/golden.h"
#include "interop/names/wrapped_names.h"
#include "tandem/core/files.h"
#include "tandem/interop/convert.h"
#include "tandem/interop/verify.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;
using test::golden;

void expect_equal(const ImportedModel& left, const ImportedModel& right) {
  const TensorMap expected = named_weights(*right.model);
  for (const auto& [name, tensor] : named_weights(*left.model))
    EXPECT_TRUE(torch::equal(tensor, expected.at(name))) << name;
}

class ImportFiles : public testing::Test {
 protected:
  ImportFiles() { fs::copy(golden("clip_openai"), folder_.path(), kRecursive); }

  void save(const std::string& name, const TensorMap& tensors) const {
    save_safetensors(folder_ / name, tensors);
  }
  [[nodiscard]] TensorMap weights() const {
    return load_safetensors(golden("clip_openai/model.safetensors")).tensors;
  }
  [[nodiscard]] ImportedModel import(const fs::path& input,
                                     const ImportOptions& options = {}) const {
    return import_model(input, ModelFormat::kHuggingFace, options);
  }

  static constexpr auto kRecursive = fs::copy_options::recursive;
  TemporaryFolder folder_;
};

TEST_F(ImportFiles, TakesWrappersOutOfNames) {
  const ImportedModel plain = import(golden("clip_openai"));
  for (const char* prefix :
       {"module.", "_orig_mod.", "model.", "module._orig_mod.", "_orig_mod.module.",
        "module.model.", "model._orig_mod.", "model.model.", "clip.", "module.net.clip."}) {
    TensorMap wrapped;
    for (const auto& [name, tensor] : weights()) wrapped.emplace(prefix + name, tensor);
    save("model.safetensors", wrapped);
    expect_equal(import(folder_.path()), plain);
  }
  TensorMap inside;
  for (const auto& [name, tensor] : weights()) {
    const size_t dot = name.find("layers.");
    inside.emplace(
        dot == std::string::npos ? name : name.substr(0, dot) + "_orig_mod." + name.substr(dot),
        tensor);
  }
  save("model.safetensors", inside);
  expect_equal(import(folder_.path()), plain);
}

TEST_F(ImportFiles, LeavesOutWhatIsBesideTheModel) {
  TensorMap more;
  for (const auto& [name, tensor] : weights()) more.emplace("net.clip." + name, tensor);
  more.emplace("queue", torch::zeros({2}));
  save("model.safetensors", more);
  const ImportedModel imported = import(folder_.path());
  EXPECT_EQ(imported.report.dropped, (std::vector<std::string>{"queue (beside the model)"}));
}

TEST(WrappedNames, RefusesTwoModelsAndTwoTensorsOfOneName) {
  ConversionReport report;
  const torch::Tensor one = torch::zeros({1});
  expect_error(ErrorKind::kCheckpoint, {.what = "several models"}, [&] {
    (void)unwrapped_names({{"student.logit_scale", one}, {"teacher.logit_scale", one}}, report);
  });
  expect_error(ErrorKind::kCheckpoint, {.what = "two tensors have one name"}, [&] {
    (void)unwrapped_names({{"module.w", one}, {"w", one}}, report);
  });
}

TEST_F(ImportFiles, ReadsAFileByItsName) {
  const ImportedModel plain = import(golden("clip_openai"));
  fs::rename(folder_ / "model.safetensors", folder_ / "epoch_3.safetensors");
  expect_equal(import(folder_ / "epoch_3.safetensors"), plain);
  const fs::path config = golden("clip_openai/config.json");
  const TemporaryFolder alone;
  fs::rename(folder_ / "epoch_3.safetensors", alone / "w.safetensors");
  expect_equal(import(alone / "w.safetensors", {.config = config}), plain);
  expect_error(ErrorKind::kMissingInput, {.where = "config.json"},
               [&] { (void)import(alone / "w.safetensors"); });
}

TEST_F(ImportFiles, SaysWhatIsThereWhereWeightsAreMissing) {
  fs::remove(folder_ / "model.safetensors");
  fs::remove(folder_ / "reference.safetensors");
  const struct {
    const char* name;
    const char* found;
    const char* hint;
  } kFound[] = {
      {"flax_model.msgpack", "flax_model.msgpack (Flax weights)", "from_flax"},
      {"tf_model.h5", "tf_model.h5 (TensorFlow weights)", "from_tf"},
      {"model.onnx", "model.onnx (an ONNX graph)", "exported from"},
      {"model-q4.gguf", "model-q4.gguf (llama.cpp weights)", "made from"},
      {"adapter_model.safetensors", "an adapter without its base model", "merge_and_unload"},
      {"model.fp16.safetensors", "weights under another name", "--input"},
      {"optimizer.pt", "optimizer.pt (an optimizer's state)", ""}};
  for (const auto& each : kFound) {
    write_file_atomically(folder_ / each.name, "x");
    expect_error(
        ErrorKind::kMissingInput,
        {.what = "no weights here that can be read", .found = each.found, .hint = each.hint},
        [&] { (void)import(folder_.path()); });
    fs::remove(folder_ / each.name);
  }
}

TEST_F(ImportFiles, NamesAGitLfsPointerUnderAnyName) {
  fs::remove(folder_ / "model.safetensors");
  for (const char* name :
       {"model.safetensors", "pytorch_model.bin", "model.pt", "model.safetensors.index.json"}) {
    write_file_atomically(folder_ / name,
                          "version https://git-lfs.github.com/spec/v1\noid sha256:0\n");
    expect_error(ErrorKind::kCheckpoint, {.found = "Git LFS pointer"},
                 [&] { (void)import(folder_.path()); });
    fs::remove(folder_ / name);
  }
}

class TowerOfPair : public testing::TestWithParam<const char*> {};

TEST_P(TowerOfPair, EqualsTransformers) {
  const fs::path folder = fs::path(TANDEM_SOURCE_DIR) / "tests/golden/towers" / GetParam();
  const ImportedModel imported = import_model(folder, ModelFormat::kHuggingFace);
  for (const auto& [name, difference] :
       verify_model(imported.model, folder / "reference.safetensors"))
    EXPECT_LT(difference, 1e-5) << name;

  // As transformers 4 wrote it: the tower's name in front of all but a projection.
  const TemporaryFolder older;
  const std::string tower = imported.model->text ? "text_model." : "vision_model.";
  TensorMap named;
  for (const auto& [name, tensor] : load_safetensors(folder / "model.safetensors").tensors) {
    const bool has_name = name.starts_with(tower) || name.find("_projection.") != std::string::npos;
    named.emplace(has_name ? name : tower + name, tensor);
  }
  save_safetensors(older / "model.safetensors", named);
  fs::copy_file(folder / "config.json", older / "config.json");
  expect_equal(import_model(older.path(), ModelFormat::kHuggingFace), imported);
}

INSTANTIATE_TEST_SUITE_P(Import, TowerOfPair,
                         testing::Values("clip_vision", "clip_vision_projected", "clip_text",
                                         "clip_text_projected", "siglip_vision", "siglip_text"));

/// The tensors of open_clip's ViT with one block of 64 wide towers each.
TensorMap open_clip_weights() {
  TensorMap weights = {{"visual.conv1.weight", torch::rand({64, 3, 4, 4})},
                       {"visual.class_embedding", torch::rand({64})},
                       {"visual.positional_embedding", torch::rand({10, 64})},
                       {"visual.proj", torch::rand({64, 8})},
                       {"positional_embedding", torch::rand({7, 64})},
                       {"token_embedding.weight", torch::rand({31, 64})},
                       {"text_projection", torch::rand({64, 8})},
                       {"logit_scale", torch::tensor(2.0)}};
  for (const char* norm : {"visual.ln_pre", "visual.ln_post", "ln_final"}) {
    weights.emplace(std::string(norm) + ".weight", torch::rand({64}));
    weights.emplace(std::string(norm) + ".bias", torch::rand({64}));
  }
  for (const std::string tower : {"visual.", ""}) {
    const std::string block = tower + "transformer.resblocks.0.";
    const auto linear = [&](const std::string& name, int64_t out, int64_t in) {
      weights.emplace(block + name + "weight", torch::rand({out, in}));
      weights.emplace(block + name + "bias", torch::rand({out}));
    };
    linear("attn.in_proj_", 192, 64);
    linear("attn.out_proj.", 64, 64);
    linear("mlp.c_fc.", 100, 64);
    linear("mlp.c_proj.", 64, 100);
    for (const char* norm : {"ln_1.", "ln_2."}) {
      weights.emplace(block + norm + "weight", torch::rand({64}));
      weights.emplace(block + norm + "bias", torch::rand({64}));
    }
  }
  return weights;
}

class OpenClipFile : public testing::Test {
 protected:
  [[nodiscard]] ImportedModel import(const TensorMap& weights, const std::string& name) const {
    save_safetensors(folder_ / "epoch_3.safetensors", weights);
    return import_model(folder_ / "epoch_3.safetensors", ModelFormat::kOpenClip,
                        {.model_name = name});
  }
  TemporaryFolder folder_;
};

TEST_F(OpenClipFile, IsReadByTheModelsName) {
  const ModelOptions model = import(open_clip_weights(), "ViT-B-32").config.model;
  EXPECT_EQ(model.embed_dim, 8);
  EXPECT_EQ(model.image.image_size, 12);
  EXPECT_EQ(model.image.patch_size, 4);
  EXPECT_EQ(model.image.layers, 1);
  EXPECT_EQ(model.image.heads, 1);
  EXPECT_EQ(model.image.mlp_width, 100);
  EXPECT_EQ(model.text.context_length, 7);
  EXPECT_EQ(model.text.vocab_size, 31);
  EXPECT_EQ(model.text.heads, 1);
  EXPECT_EQ(model.text.mlp_width, 100);
  EXPECT_EQ(model.image.activation, Activation::kGelu);
  const ModelOptions quick = import(open_clip_weights(), "ViT-B-32-quickgelu").config.model;
  EXPECT_EQ(quick.image.activation, Activation::kQuickGelu);
  EXPECT_EQ(quick.text.activation, Activation::kQuickGelu);
}

TEST_F(OpenClipFile, OfOpenAiNeedsNoName) {
  TensorMap weights = open_clip_weights();
  expect_error(ErrorKind::kMissingInput, {.hint = "--model-name"},
               [&] { (void)import(weights, ""); });
  for (const char* name : {"input_resolution", "context_length", "vocab_size"})
    weights.emplace(name, torch::tensor(7));
  const ImportedModel imported = import(weights, "");
  EXPECT_EQ(imported.config.model.image.activation, Activation::kQuickGelu);
  EXPECT_EQ(imported.report.dropped.size(), 3U);
}

TEST_F(OpenClipFile, RefusesWhatItsNameAndShapesDoNotTell) {
  const auto refuses = [&](const std::string& what, const TensorMap& weights,
                           const std::string& name) {
    expect_error(ErrorKind::kCheckpoint, {.what = what}, [&] { (void)import(weights, name); });
  };
  for (const char* name :
       {"ViT-B-16-SigLIP", "roberta-ViT-B-32", "EVA02-B-16", "ViT-L-14-CLIPA", "ViT-X"})
    refuses("the name does not tell", open_clip_weights(), name);
  TensorMap weights = open_clip_weights();
  weights.erase("visual.conv1.weight");
  refuses("cannot be read off", weights, "ViT-B-32");
  weights.emplace("visual.layer1.0.conv1.weight", torch::zeros({1}));
  refuses("a ResNet", weights, "RN50");
}

}  // namespace
}  // namespace tandem
