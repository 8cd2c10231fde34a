#include <gtest/gtest.h>

#include "config/checks/validate.h"
#include "config/presets/presets.h"
#include "config/samples.h"
#include "core/expect_error.h"

namespace tandem {
namespace {

TEST(Presets, EachOneFitsTogetherAndKeepsItsName) {
  for (const std::string& name : config::text_preset_names()) {
    ModelOptions model;
    model.text = text_preset(name);
    EXPECT_TRUE(has_text_preset(name));
    EXPECT_EQ(model.text.preset, name);
    config::Contradictions found;
    config::check_model(model, found);
    EXPECT_TRUE(found.empty()) << name << ": " << found.front().what;
  }
  for (const std::string& name : config::image_preset_names()) {
    ModelOptions model;
    model.image = image_preset(name);
    EXPECT_TRUE(has_image_preset(name));
    EXPECT_EQ(model.image.preset, name);
    config::Contradictions found;
    config::check_model(model, found);
    EXPECT_TRUE(found.empty()) << name << ": " << found.front().what;
  }
}

TEST(Presets, TheDecodersFitTheTowersOfTheirName) {
  for (const std::string& name : config::decoder_preset_names()) {
    ModelOptions model;
    model.text = text_preset(name);
    model.image = image_preset(name);
    model.decoder = decoder_preset(name);
    EXPECT_TRUE(has_decoder_preset(name));
    EXPECT_EQ(model.decoder.preset, name);
    EXPECT_EQ(model.decoder.share, DecoderSharing::kAllButSelfAttention);
    config::Contradictions found;
    config::check_model(model, found);
    EXPECT_TRUE(found.empty()) << name << ": " << found.front().what;
  }
}

TEST(Presets, BlipBaseHasThePublishedShape) {
  const TextEncoderOptions text = text_preset("blip_base");
  const TextDecoderOptions decoder = decoder_preset("blip_base");
  const ImageEncoderOptions image = image_preset("blip_base");
  EXPECT_EQ(text.vocab_size, 30524);
  EXPECT_EQ(text.type_vocab_size, 0);
  EXPECT_EQ(text.heads, 12);
  EXPECT_EQ(text.norm_eps, 1e-12);
  EXPECT_EQ(text.bos_id, 101);
  EXPECT_EQ(text.match_id, 30523);
  EXPECT_EQ(decoder.bos_id, 30522);
  EXPECT_EQ(decoder.eos_id, 102);
  EXPECT_EQ(decoder.pad_id, 0);
  EXPECT_EQ(image.norm_eps, 1e-6);
  EXPECT_EQ(image.mean[0], 0.48145466);
}

TEST(Presets, RobertaBaseHasThePublishedTables) {
  const TextEncoderOptions text = text_preset("roberta_base");
  EXPECT_EQ(text.vocab_size, 50265);
  EXPECT_EQ(text.context_length + text.pad_id + 1, 514);
  EXPECT_EQ(text.norm_order, NormOrder::kPost);
  EXPECT_EQ(text.norm_eps, 1e-5);
  EXPECT_EQ(text.type_vocab_size, 1);
  EXPECT_EQ(text_preset("xlm_roberta_base").vocab_size, 250002);
}

TEST(Presets, TheFamiliesDifferWhereTheyShould) {
  const ImageEncoderOptions vit = image_preset("vit_base_patch16_224");
  const ImageEncoderOptions clip = image_preset("vit_b_16");
  const ImageEncoderOptions siglip = image_preset("siglip_base_patch16_224");
  EXPECT_TRUE(vit.patch_bias);
  EXPECT_FALSE(clip.patch_bias);
  EXPECT_TRUE(clip.pre_norm);
  EXPECT_FALSE(vit.pre_norm);
  EXPECT_EQ(vit.norm_eps, 1e-12);
  EXPECT_EQ(clip.norm_eps, 1e-5);
  EXPECT_EQ(siglip.norm_eps, 1e-6);
  EXPECT_EQ(siglip.activation, Activation::kGeluTanh);
  EXPECT_EQ(siglip.pool, ImagePool::kMap);
  EXPECT_FALSE(siglip.class_token);
  EXPECT_EQ(vit.mean[0], 0.5);
  EXPECT_EQ(clip.mean[0], 0.48145466);
  EXPECT_EQ(image_preset("vit_l_14").layers, 24);
}

TEST(Presets, ClipsTextTowerIsCausalWithoutEmbeddingNorm) {
  const TextEncoderOptions text = text_preset("clip_text_b");
  EXPECT_TRUE(text.causal);
  EXPECT_FALSE(text.embedding_norm);
  EXPECT_TRUE(text.final_norm);
  EXPECT_EQ(text.context_length, 77);
  EXPECT_EQ(text.pool, TextPool::kEot);
  EXPECT_EQ(text.type_vocab_size, 0);
}

TEST(Presets, UnknownOneListsTheKnownOnes) {
  expect_error(ErrorKind::kConfig, {.expected = "vit_b_32, vit_b_16"},
               [] { (void)image_preset("resnet"); });
  expect_error(ErrorKind::kConfig, {.hint = "roberta_base"},
               [] { (void)text_preset("roberta-base"); });
  EXPECT_FALSE(has_text_preset(""));
  EXPECT_FALSE(has_image_preset("roberta_base"));
}

TEST(Presets, ComeBeforeTheKeysBesideThemWhereverTheyStand) {
  const RunConfig config = parse_run_config(
      config_with(R"("model": {"image": {"layers": 3, "preset": "vit_b_32", "width": 96}})"));
  EXPECT_EQ(config.model.image.layers, 3);
  EXPECT_EQ(config.model.image.width, 96);
  EXPECT_EQ(config.model.image.patch_size, 32);
  EXPECT_EQ(config.model.image.preset, "vit_b_32");
}

TEST(Presets, FromAnOverrideComeBeforeTheFilesKeys) {
  const std::string file =
      config_with(R"("model": {"text": {"preset": "bert_base", "layers": 3}})");
  const RunConfig config =
      parse_run_config(file, {"model.text.preset=xlm_roberta_base", "model.text.heads=6"});
  EXPECT_EQ(config.model.text.vocab_size, 250002);
  EXPECT_EQ(config.model.text.layers, 3);
  EXPECT_EQ(config.model.text.heads, 6);
  EXPECT_EQ(config.model.text.preset, "xlm_roberta_base");
  EXPECT_EQ(parse_run_config(file, {"model.text.preset="}).model.text.width, 128);
}

}  // namespace
}  // namespace tandem
