// BLIP of transformers, random weights: outputs, generated ids, and back into its files.
#include <cmath>
#include <filesystem>

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/expect_error.h"
#include "core/temporary_folder.h"
#include "tandem/interop/convert.h"
#include "tandem/interop/export_targets.h"
#include "tandem/interop/verify.h"
#include "tandem/io/safetensors.h"
#include "tandem/model/generation.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

constexpr double kTolerance = 1e-5;

fs::path golden_blip(const std::string& name) {
  return fs::path(TANDEM_SOURCE_DIR) / "tests" / "golden" / "blip" / name;
}

double largest_difference(const torch::Tensor& ours, const torch::Tensor& reference) {
  return (ours - reference).abs().max().item<double>();
}

class BlipCaptioning : public testing::Test {
 protected:
  [[nodiscard]] TokenBatch tokens() const {
    const torch::Tensor bounds = data_.at("in.cu_seqlens");
    return {.ids = data_.at("in.ids"),
            .cu_seqlens = bounds,
            .max_length = bounds.diff().max().item<int64_t>()};
  }

  [[nodiscard]] torch::Tensor states() {
    return imported_.model->encode_image_states(data_.at("in.pixels"));
  }

  // As the search NAME of the script writes them.
  [[nodiscard]] std::vector<std::vector<int32_t>> expected_ids(const std::string& name) const {
    const torch::Tensor& table = data_.at("out.ids." + name);
    std::vector<std::vector<int32_t>> rows;
    for (int64_t row = 0; row < table.size(0); ++row) {
      rows.emplace_back();
      for (int64_t i = 0; i < table.size(1) && table[row][i].item<int64_t>() >= 0; ++i)
        rows.back().push_back(table[row][i].item<int32_t>());
    }
    return rows;
  }

  void expect_ids(const std::string& name, GenerationOptions options) {
    options.max_new_tokens = 10;
    const auto texts = generate(imported_.model->decoder, states(), options);
    const auto expected = expected_ids(name);
    ASSERT_EQ(texts.size(), expected.size());
    for (size_t b = 0; b < texts.size(); ++b) EXPECT_EQ(texts[b].ids, expected[b]) << name << b;
  }

  torch::NoGradGuard no_grad_;
  ImportedModel imported_ = import_model(golden_blip("captioning"), ModelFormat::kHuggingFace);
  TensorMap data_ = load_safetensors(golden_blip("captioning") / "reference.safetensors").tensors;
};

TEST_F(BlipCaptioning, StatesAndLogitsEqualTheReference) {
  EXPECT_LT(largest_difference(states(), data_.at("out.image_states")), kTolerance);
  const torch::Tensor logits =
      imported_.model->decoder->logits(imported_.model->decoder(tokens(), states()));
  const torch::Tensor& reference = data_.at("out.decoder_logits");
  EXPECT_LT(largest_difference(logits, reference) / reference.abs().max().item<double>(),
            kTolerance);
}

TEST_F(BlipCaptioning, TheSmoothedLossEqualsTheReference) {
  const TokenBatch texts = tokens();
  const torch::Tensor logits =
      imported_.model->decoder->logits(imported_.model->decoder(texts, states()));
  // Every token but a text's first is a target; what predicts it is the row before.
  const torch::Tensor is_first =
      torch::zeros({texts.ids.size(0)})
          .index_fill(0, texts.cu_seqlens.slice(0, 0, -1).to(torch::kInt64), 1);
  const torch::Tensor targets = (is_first == 0).nonzero().squeeze(1);
  const torch::Tensor loss = at::cross_entropy_loss(
      logits.index_select(0, targets - 1), texts.ids.index_select(0, targets), {},
      at::Reduction::Mean, -100, /*label_smoothing=*/0.1);
  EXPECT_NEAR(loss.item<double>(), data_.at("out.loss").item<double>(), kTolerance);
}

TEST_F(BlipCaptioning, GreedyIdsEqualTheReference) {
  expect_ids("greedy", {});
  expect_ids("greedy_prompt", {.prompt = {30, 31}});
  expect_ids("greedy_rules",
             {.min_new_tokens = 6, .no_repeat_ngram = 2, .repetition_penalty = 1.3});
}

TEST_F(BlipCaptioning, BeamIdsEqualTheReference) {
  const auto beam = DecodingStrategy::kBeam;
  expect_ids("beam", {.strategy = beam});
  expect_ids("beam_prompt", {.strategy = beam, .prompt = {30, 31}});
  expect_ids("beam_long", {.strategy = beam, .length_penalty = 2.0});
  expect_ids("beam_short", {.strategy = beam, .beams = 4, .length_penalty = -0.5});
  expect_ids(
      "beam_rules",
      {.strategy = beam, .min_new_tokens = 6, .no_repeat_ngram = 2, .repetition_penalty = 1.3});
}

TEST(BlipRetrieval, MatchingAndCosineEqualTheReference) {
  const torch::NoGradGuard no_grad;
  ImportedModel imported = import_model(golden_blip("retrieval"), ModelFormat::kHuggingFace);
  const TensorMap data =
      load_safetensors(golden_blip("retrieval") / "reference.safetensors").tensors;
  const torch::Tensor bounds = data.at("in.cu_seqlens");
  const TokenBatch texts{.ids = data.at("in.ids"),
                         .cu_seqlens = bounds,
                         .max_length = bounds.diff().max().item<int64_t>()};
  const auto match = [&](ClipModel model, int64_t first, int64_t last) {
    return model->match(model->encode_image_states(data.at("in.pixels").slice(0, first, last)),
                        texts.slice(first, last));
  };
  EXPECT_EQ(imported.config.model.text.match_id, 59);
  const torch::Tensor together = match(imported.model, 0, 4);
  EXPECT_LT(largest_difference(together, data.at("out.match_logits")), kTolerance);
  for (int64_t b = 0; b < 4; ++b)
    EXPECT_LT(largest_difference(match(imported.model, b, b + 1)[0], together[b]), kTolerance);
  const torch::Tensor cosine = imported.model->encode_images(data.at("in.pixels"))
                                   .matmul(imported.model->encode_texts(texts).t());
  EXPECT_LT(largest_difference(cosine, data.at("out.cosine")), kTolerance);

  ModelOptions options = imported.config.model;
  options.text.match_id = -1;
  ClipModel plain(options, std::nullopt);
  load_weights(*plain, named_weights(*imported.model), "the same model");
  plain->eval();
  EXPECT_LT(largest_difference(match(plain, 0, 4), data.at("out.match_logits_cls")), kTolerance);
}

class BlipFiles : public testing::TestWithParam<const char*> {};

TEST_P(BlipFiles, GoBackUnchanged) {
  const TemporaryFolder folder;
  const ImportedModel imported = import_model(golden_blip(GetParam()), ModelFormat::kHuggingFace);
  (void)export_model(folder.path(), ModelFormat::kHuggingFace, imported.model, imported.config);
  const TensorMap before = load_safetensors(golden_blip(GetParam()) / "model.safetensors").tensors;
  const TensorMap after = load_safetensors(folder / "model.safetensors").tensors;
  ASSERT_EQ(before.size(), after.size());
  for (const auto& [name, tensor] : before) {
    ASSERT_TRUE(after.contains(name)) << name;
    EXPECT_TRUE(torch::equal(after.at(name), tensor)) << name;
  }
  EXPECT_EQ(verify_model(import_model(folder.path(), ModelFormat::kHuggingFace).model,
                         golden_blip(GetParam()) / "reference.safetensors"),
            verify_model(imported.model, golden_blip(GetParam()) / "reference.safetensors"));
}

TEST_P(BlipFiles, SurviveAsATandemModel) {
  const TemporaryFolder folder;
  const ImportedModel imported = import_model(golden_blip(GetParam()), ModelFormat::kHuggingFace);
  (void)export_model(folder.path(), ModelFormat::kTandem, imported.model, imported.config);
  const ImportedModel again = import_model(folder.path(), ModelFormat::kTandem);
  const VerifiedOutputs outputs =
      verify_model(again.model, golden_blip(GetParam()) / "reference.safetensors");
  EXPECT_EQ(outputs.size(), 1U);
  for (const auto& [name, difference] : outputs) EXPECT_LT(difference, kTolerance) << name;
}

INSTANTIATE_TEST_SUITE_P(Models, BlipFiles, testing::Values("captioning", "retrieval"));

// Text tower and decoder that share their modules: both names go out, one tensor comes back.
TEST(BlipExport, OfASharedDecoderHoldsBothNames) {
  const TemporaryFolder folder, again_folder;
  ImportedModel retrieval = import_model(golden_blip("retrieval"), ModelFormat::kHuggingFace);
  ModelConfig config = retrieval.config;
  TextDecoderOptions& decoder = config.model.decoder;
  decoder = import_model(golden_blip("captioning"), ModelFormat::kHuggingFace).config.model.decoder;
  decoder.share = DecoderSharing::kAllButSelfAttention;
  ClipModel model(config.model, 5);
  (void)export_model(folder.path(), ModelFormat::kHuggingFace, model, config);
  TensorMap written = load_safetensors(folder / "model.safetensors").tensors;
  const std::string mlp = "encoder.layer.1.intermediate.dense.weight";
  EXPECT_TRUE(
      torch::equal(written.at("text_encoder." + mlp), written.at("text_decoder.bert." + mlp)));
  const std::string own = "encoder.layer.1.attention.self.query.weight";
  EXPECT_FALSE(
      torch::equal(written.at("text_encoder." + own), written.at("text_decoder.bert." + own)));
  const ImportedModel again = import_model(folder.path(), ModelFormat::kHuggingFace);
  EXPECT_EQ(again.config.model.decoder.share, DecoderSharing::kAllButSelfAttention);
  const TensorMap first = named_weights(*model);
  for (const auto& [name, tensor] : named_weights(*again.model)) {
    if (name == "logit_scale") continue;
    EXPECT_TRUE(torch::equal(tensor, first.at(name))) << name;
  }

  written.at("text_decoder.bert." + mlp) = written.at("text_decoder.bert." + mlp) + 1.0;
  save_safetensors(folder / "model.safetensors", written);
  EXPECT_EQ(import_model(folder.path(), ModelFormat::kHuggingFace).config.model.decoder.share,
            DecoderSharing::kNone);
}

// A file of pre-training: with the momentum twin, queues and the decoder's copies.
TEST(BlipImport, ReadsTheFileOfItsAuthors) {
  const fs::path file = golden_blip("salesforce") / "model.pth";
  expect_error(ErrorKind::kCheckpoint, {.hint = "--allow-pickle"},
               [&] { (void)import_model(file, ModelFormat::kHuggingFace); });
  const ImportedModel imported =
      import_model(file, ModelFormat::kHuggingFace, {.allow_pickle = true});
  const ModelOptions& options = imported.config.model;
  EXPECT_EQ(imported.report.family, "Salesforce BLIP (retrieval, captioning)");
  EXPECT_EQ(options.decoder.share, DecoderSharing::kAllButSelfAttention);
  EXPECT_EQ(options.decoder.bos_id, 108);
  EXPECT_EQ(options.image.heads, 2);
  EXPECT_EQ(options.image.image_size, 12);
  EXPECT_NEAR(imported.model->logit_scale().item<double>(), -std::log(0.05), 1e-6);
  const VerifiedOutputs outputs =
      verify_model(imported.model, golden_blip("salesforce") / "reference.safetensors");
  EXPECT_EQ(outputs.size(), 3U);
  for (const auto& [name, difference] : outputs) EXPECT_LT(difference, kTolerance) << name;
  const std::string text = report_text(imported.report, false);
  for (const char* part : {"image_queue (a queue of training)", "of the momentum twin",
                           "a copy of the text tower's", "no config.json"})
    EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
}

TEST(BlipImport, RefusesAnotherHeadThanTheTokenTable) {
  const TemporaryFolder folder;
  fs::copy(golden_blip("captioning"), folder.path(), fs::copy_options::recursive);
  TensorMap weights = load_safetensors(folder / "model.safetensors").tensors;
  const torch::Tensor table = weights.at("text_decoder.bert.embeddings.word_embeddings.weight");
  weights["text_decoder.cls.predictions.decoder.weight"] = table;
  save_safetensors(folder / "model.safetensors", weights);
  EXPECT_NO_THROW((void)import_model(folder.path(), ModelFormat::kHuggingFace));
  weights["text_decoder.cls.predictions.decoder.weight"] = table + 1.0;
  save_safetensors(folder / "model.safetensors", weights);
  expect_error(ErrorKind::kCheckpoint, {.what = "with which it is tied"},
               [&] { (void)import_model(folder.path(), ModelFormat::kHuggingFace); });
}

TEST(ExportTargets, OfABlipAreOnlyThatOfHuggingFace) {
  ModelConfig config = import_model(golden_blip("captioning"), ModelFormat::kHuggingFace).config;
  EXPECT_TRUE(export_targets(config)[0].possible);
  EXPECT_EQ(export_targets(config)[0].form, "BlipForConditionalGeneration");
  EXPECT_FALSE(export_targets(config)[1].possible);
  config.model.decoder.position_style = PositionStyle::kRoberta;
  EXPECT_FALSE(export_targets(config)[0].possible);
}

}  // namespace
}  // namespace tandem
