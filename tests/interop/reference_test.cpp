// Every family of scripts/make_golden_interop.py against its own implementation: states of every
// token between the blocks, features, embeddings, logits and gradients; and back into its files.
#include <algorithm>
#include <filesystem>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/expect_error.h"
#include "core/temporary_folder.h"
#include "interop/golden.h"
#include "interop/names/maps.h"
#include "interop/parity_table.h"
#include "interop/reading/foreign_config.h"
#include "tandem/core/files.h"
#include "tandem/interop/convert.h"
#include "tandem/interop/verify.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;
using test::golden;

// Largest difference relative to the largest reference value.
constexpr double kOutputTolerance = 1e-5;
constexpr double kGradientTolerance = 1e-4;
constexpr int64_t kTimmHeads = 2;

double relative_difference(const torch::Tensor& ours, const torch::Tensor& reference) {
  const double scale = reference.abs().max().item<double>();
  const double difference = (ours - reference).abs().max().item<double>();
  return scale > 0.0 ? difference / scale : difference;
}

ModelFormat format_of(const std::string& family) {
  return family.starts_with("open_clip") ? ModelFormat::kOpenClip : ModelFormat::kHuggingFace;
}

class Family : public testing::TestWithParam<std::string> {
 protected:
  Family()
      : folder_(golden(GetParam())),
        format_(format_of(GetParam())),
        imported_(import_model(folder_, format_, {.timm_heads = kTimmHeads})),
        model_(imported_.model),
        data_(load_safetensors(folder_ / "reference.safetensors").tensors) {}

  [[nodiscard]] TokenBatch tokens() const {
    const torch::Tensor bounds = data_.at("in.cu_seqlens");
    return {.ids = data_.at("in.ids"),
            .cu_seqlens = bounds,
            .max_length = bounds.diff().max().item<int64_t>()};
  }

  void compare_states(const std::string& tower, const std::vector<torch::Tensor>& states) const {
    for (size_t i = 0; i < states.size(); ++i) {
      const torch::Tensor& expected = data_.at("out." + tower + "_states." + std::to_string(i));
      ASSERT_EQ(states[i].numel(), expected.numel()) << tower << i;
      const double difference = relative_difference(states[i], expected.view_as(states[i]));
      EXPECT_LT(difference, kOutputTolerance) << tower << " state " << i;
      note_difference(GetParam(), tower + "_states", difference);
    }
    EXPECT_FALSE(data_.contains("out." + tower + "_states." + std::to_string(states.size())));
  }

  [[nodiscard]] std::string only_tower() const { return model_->text ? "text" : "image"; }

  // The number that the script took the gradient of.
  [[nodiscard]] torch::Tensor loss() {
    torch::Tensor value;
    if (model_->text && model_->image) {
      value =
          model_->logit_scale().exp() *
          model_->encode_images(data_.at("in.pixels")).matmul(model_->encode_texts(tokens()).t());
      if (model_->logit_bias().defined()) value = value + model_->logit_bias();
    } else {
      value = model_->text ? model_->encode_texts(tokens())
                           : model_->encode_images(data_.at("in.pixels"));
    }
    return (data_.at("in.loss_weights") * value).sum();
  }

  // Their gradients under our names and shapes.
  [[nodiscard]] TensorMap their_gradients() const {
    TensorMap gradients;
    ForeignRequest request;
    request.timm_heads = kTimmHeads;
    for (const auto& [name, tensor] : data_) {
      if (!name.starts_with("g.")) continue;
      gradients.emplace(name.substr(2), tensor);
      request.names.insert(name.substr(2));
      request.shapes.emplace(name.substr(2), tensor.sizes().vec());
    }
    const ForeignConfig foreign = format_ == ModelFormat::kOpenClip
                                      ? read_open_clip_config(folder_, request)
                                      : read_hugging_face_config(folder_, request);
    TensorMap own = named_weights(*model_);
    ConversionReport report;
    if (model_->options().towers != Towers::kBoth) own.erase("logit_scale");
    const TensorMap known = modern_names(foreign.layout, gradients, report);
    TensorMap ours =
        to_ours(expand(name_map(foreign.layout, model_->options()), own), known, own, report);
    EXPECT_TRUE(report.complete()) << report_text(report, false);
    return ours;
  }

  fs::path folder_;
  ModelFormat format_;
  ImportedModel imported_;
  ClipModel model_;
  TensorMap data_;
};

TEST_P(Family, StatesOfEveryLayerEqualTheReference) {
  const torch::NoGradGuard no_grad;
  if (model_->text) {
    std::vector<torch::Tensor> states;
    (void)model_->text->encode_tokens(tokens(), &states);
    compare_states("text", states);
  }
  if (model_->image) {
    std::vector<torch::Tensor> states;
    (void)model_->image->encode_patches(data_.at("in.pixels"), &states);
    compare_states("image", states);
  }
}

TEST_P(Family, OutputsEqualTheReference) {
  VerifiedOutputs outputs = verify_model(model_, folder_ / "reference.safetensors");
  // What the reference lacks: features before a projection that their models apply at once.
  if (fs::exists(folder_ / "features.safetensors"))
    outputs.merge(verify_model(model_, folder_ / "features.safetensors"));
  std::set<std::string> expected;
  for (const char* tower : {"text", "image"}) {
    if (model_->options().towers != Towers::kBoth && tower != only_tower()) continue;
    expected.insert(tower + std::string("_features"));
    expected.insert(tower + std::string("_embeddings"));
  }
  if (model_->text && model_->image) expected.insert("logits_per_image");
  for (const auto& [name, difference] : outputs) {
    EXPECT_LT(difference, kOutputTolerance) << name;
    EXPECT_EQ(expected.erase(name), 1) << name;
    note_difference(GetParam(), name, difference);
  }
  EXPECT_TRUE(expected.empty()) << *expected.begin() << " was not compared";
}

TEST_P(Family, EveryGradientEqualsTheReference) {
  loss().backward();
  const TensorMap reference = their_gradients();
  double largest = 0.0;
  for (const auto& [name, gradient] : reference) {
    largest = std::max(largest, gradient.abs().max().item<double>());
  }
  for (const auto& entry : model_->named_parameters()) {
    const auto expected = reference.find(entry.key());
    if (expected == reference.end()) {
      EXPECT_EQ(entry.key(), "logit_scale");  // of a tower alone
      continue;
    }
    ASSERT_TRUE(entry.value().grad().defined()) << entry.key();
    const double difference = (entry.value().grad() - expected->second).abs().max().item<double>();
    // A gradient that is zero in exact arithmetic (a key's bias) is rounding noise in both.
    const double scale = std::max(expected->second.abs().max().item<double>(), 1e-3 * largest);
    EXPECT_LT(difference / scale, kGradientTolerance) << entry.key();
    note_difference(GetParam(), "gradients", difference / scale);
  }
}

TEST_P(Family, APerturbedWeightIsNoticed) {
  const torch::NoGradGuard no_grad;
  for (auto& entry : model_->named_parameters()) {
    const std::string& name = entry.key();
    const bool checked = name.ends_with("layers.1.attention.qkv.weight") ||
                         name.ends_with("layers.0.mlp_out.bias") ||
                         name.ends_with("position_embedding") || name.ends_with("linear.weight") ||
                         name.ends_with("norm.weight");
    if (!checked) continue;
    // The third row: of a position table of RoBERTa's it is the first that a token uses.
    torch::Tensor& parameter = entry.value();
    torch::Tensor cell = parameter.dim() == 2 ? parameter[2][1] : parameter[1];
    cell.add_(0.05);
    double worst = 0.0;
    for (const auto& [output, difference] : verify_model(model_, folder_ / "reference.safetensors"))
      worst = std::max(worst, difference);
    EXPECT_GT(worst, kOutputTolerance) << name;
    cell.sub_(0.05);
  }
}

TEST_P(Family, GoesBackIntoItsOwnFileUnchanged) {
  const TemporaryFolder folder;
  if (GetParam() == "open_clip_siglip") {
    expect_error(ErrorKind::kConfig, {.expected = "a SigLIP tower that timm has by name"},
                 [&] { (void)export_model(folder.path(), format_, model_, imported_.config); });
    return;
  }
  (void)export_model(folder.path(), format_, model_, imported_.config);
  const char* file =
      format_ == ModelFormat::kOpenClip ? "open_clip_model.safetensors" : "model.safetensors";
  ConversionReport dropped;
  const TensorMap written = load_safetensors(folder_ / file).tensors;
  const TensorMap before = modern_names(
      GetParam() == "roberta_without_pooler" ? Layout::kBert : Layout::kClip, written, dropped);
  const TensorMap after = load_safetensors(folder / file).tensors;
  ASSERT_EQ(before.size(), after.size());
  for (const auto& [name, tensor] : before) {
    ASSERT_TRUE(after.contains(name)) << name;
    const torch::Tensor& original = written.contains(name) ? written.at(name) : tensor;
    EXPECT_TRUE(torch::equal(after.at(name), original)) << name;
  }
  const ImportedModel again = import_model(folder.path(), format_);
  const TensorMap first = named_weights(*model_);
  for (const auto& [name, tensor] : named_weights(*again.model)) {
    if (again.config.model.towers != Towers::kBoth && name == "logit_scale") continue;
    EXPECT_TRUE(torch::equal(tensor, first.at(name))) << name;
  }
}

TEST_P(Family, SurvivesAsATandemModel) {
  const TemporaryFolder folder;
  (void)export_model(folder.path(), ModelFormat::kTandem, model_, imported_.config);
  const ImportedModel again = import_model(folder.path(), ModelFormat::kTandem);
  for (const auto& [name, difference] :
       verify_model(again.model, folder_ / "reference.safetensors"))
    EXPECT_LT(difference, kOutputTolerance) << name;
}

INSTANTIATE_TEST_SUITE_P(Families, Family,
                         testing::Values("roberta", "roberta_without_pooler", "xlm_roberta", "bert",
                                         "vit", "clip_openai", "clip_laion", "siglip",
                                         "siglip_uneven", "siglip2", "dual_vit_roberta",
                                         "dual_vit_xlm_roberta", "dual_clip_bert", "open_clip_vit",
                                         "open_clip_vit_quickgelu", "open_clip_roberta",
                                         "open_clip_xlm_roberta", "open_clip_siglip"),
                         [](const auto& family) { return family.param; });

TEST(Export, KeepsTheShareThatTheCropKeeps) {
  const TemporaryFolder folder;
  ImportedModel clip = import_model(golden("clip_laion"), ModelFormat::kHuggingFace);
  clip.config.transform.crop_pct = 0.5;
  (void)export_model(folder.path(), ModelFormat::kHuggingFace, clip.model, clip.config);
  const ImportedModel again = import_model(folder.path(), ModelFormat::kHuggingFace);
  EXPECT_EQ(again.config.transform.crop_pct, 0.5);
}

TEST(Import, ReadsShardsAndPicklesToTheSameWeights) {
  const auto whole =
      named_weights(*import_model(golden("roberta"), ModelFormat::kHuggingFace).model);
  const auto equals = [&](const ImportedModel& other) {
    for (const auto& [name, tensor] : named_weights(*other.model))
      EXPECT_TRUE(torch::equal(tensor, whole.at(name))) << name;
  };
  equals(import_model(golden("roberta_sharded"), ModelFormat::kHuggingFace));
  equals(import_model(golden("roberta_pickle"), ModelFormat::kHuggingFace, {.allow_pickle = true}));
  expect_error(ErrorKind::kCheckpoint, {.hint = "--allow-pickle"},
               [] { (void)import_model(golden("roberta_pickle"), ModelFormat::kHuggingFace); });
}

TEST(Import, NamesAHeadThatWasNeverTrained) {
  const auto imported = import_model(golden("roberta_without_pooler"), ModelFormat::kHuggingFace);
  const std::string text = report_text(imported.report, false);
  EXPECT_NE(text.find("no trained pooler"), std::string::npos) << text;
  EXPECT_NE(text.find("left out: lm_head.dense.weight"), std::string::npos) << text;
  EXPECT_EQ(imported.config.model.text.pool, TextPool::kMean);
}

TEST(Import, NamesAPoolerThatTheModelPassesBy) {
  const TemporaryFolder folder;
  fs::copy(golden("bert"), folder.path(), fs::copy_options::recursive);
  fs::create_directory(folder / "1_Pooling");
  write_file_atomically(folder / "1_Pooling" / "config.json",
                        R"({"pooling_mode_mean_tokens": true})");
  const auto imported = import_model(folder.path(), ModelFormat::kHuggingFace);
  EXPECT_EQ(imported.config.model.text.pool, TextPool::kMean);
  const std::string text = report_text(imported.report, false);
  for (const char* name : {"pooler.dense.weight", "pooler.dense.bias"}) {
    const std::string expected = fmt::format("left out: {} (the model pools otherwise)", name);
    EXPECT_NE(text.find(expected), std::string::npos) << text;
  }
}

TEST(Import, ListsWhatIsMissingUnexpectedAndMisshapen) {
  const TemporaryFolder folder;
  fs::copy(golden("clip_laion"), folder.path(), fs::copy_options::recursive);
  TensorMap weights = load_safetensors(folder / "model.safetensors").tensors;
  weights.erase("text_model.encoder.layers.1.self_attn.k_proj.bias");
  weights["text_model.adapter"] = torch::zeros({2});
  weights["visual_projection.weight"] = torch::zeros({7, 11});
  save_safetensors(folder / "model.safetensors", weights);
  const Error error = expect_error(ErrorKind::kCheckpoint, {.what = "do not fit"}, [&] {
    (void)import_model(folder.path(), ModelFormat::kHuggingFace);
  });
  for (const char* part : {"1 missing: text_model.encoder.layers.1.self_attn.k_proj.bias",
                           "1 unexpected: text_model.adapter",
                           "visual_projection.weight (file [7, 11], model [7, 10])"})
    expect_parts(error, {.what = part});
}

}  // namespace
}  // namespace tandem
