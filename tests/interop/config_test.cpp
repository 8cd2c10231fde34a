// Fields of other people's configurations: each value that we cannot represent is an error with its
// name.
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "core/expect_error.h"
#include "core/temporary_folder.h"
#include "interop/golden.h"
#include "interop/reading/foreign_config.h"
#include "interop/refused_field.h"
#include "interop/writers/fidelity.h"
#include "interop/writers/image_processor_writer.h"
#include "tandem/core/files.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;
using test::golden;

// The family's configuration with `pointer` set to `value`, read again.
ForeignConfig read_changed(const std::string& family, const std::string& pointer,
                           const Json& value) {
  const TemporaryFolder folder;
  const bool open_clip = family.starts_with("open_clip");
  fs::copy(golden(family), folder.path(), fs::copy_options::recursive);
  const fs::path file = folder / (open_clip ? "open_clip_config.json" : "config.json");
  Json json = read_json_object(file);
  json[Json::json_pointer(pointer)] = value;
  write_file_atomically(file, json.dump());
  const ForeignRequest request{.names = {}};
  return open_clip ? read_open_clip_config(folder.path(), request)
                   : read_hugging_face_config(folder.path(), request);
}

struct Change {
  const char* family;
  const char* pointer;
  const char* value;
};

class Refused : public testing::TestWithParam<Change> {};

TEST_P(Refused, IsNamed) {
  const std::string pointer = GetParam().pointer;
  const std::string field = pointer.substr(pointer.rfind('/') + 1);
  test::expect_refused_field(field, [&] {
    (void)read_changed(GetParam().family, pointer, Json::parse(GetParam().value));
  });
}

INSTANTIATE_TEST_SUITE_P(
    Fields, Refused,
    testing::Values(
        Change{"roberta", "/position_embedding_type", "\"relative_key\""},
        Change{"roberta", "/hidden_act", "\"relu\""}, Change{"roberta", "/a_new_option", "3"},
        Change{"bert", "/is_decoder", "true"}, Change{"bert", "/hidden_size", "\"12\""},
        Change{"vit", "/qkv_bias", "false"}, Change{"vit", "/pooler_output_size", "5"},
        Change{"vit", "/model_type", "\"dinov2\""},
        Change{"clip_laion", "/vision_config/hidden_act", "\"silu\""},
        Change{"clip_laion", "/text_config/rope_theta", "10000"},
        Change{"siglip", "/vision_config/vision_use_head", "false"},
        Change{"dual_vit_roberta", "/text_config/model_type", "\"gpt2\""},
        Change{"open_clip_vit", "/model_cfg/vision_cfg/ls_init_value", "0.1"},
        Change{"open_clip_vit", "/model_cfg/vision_cfg/qk_norm", "true"},
        Change{"open_clip_vit", "/model_cfg/text_cfg/embed_cls", "true"},
        Change{"open_clip_vit", "/model_cfg/multimodal_cfg", "{\"width\": 3}"},
        Change{"open_clip_vit", "/model_cfg/text_cfg/tokenizer_mode", "\"clips\""},
        Change{"open_clip_vit", "/model_cfg/text_cfg/tokenizer_kwargs/strip_sep_token", "true"},
        Change{"open_clip_vit", "/model_cfg/text_cfg/tokenizer_kwargs/clean", "\"canonicalize\""},
        Change{"open_clip_roberta", "/model_cfg/text_cfg/hf_pooler_type", "\"max_pooler\""},
        Change{"open_clip_vit", "/preprocess_cfg/resize_mode", "\"stretch\""}));

TEST(HuggingFaceConfig, TellsTheTwoRulesOfTheEndOfText) {
  EXPECT_EQ(read_changed("clip_openai", "/text_config/eos_token_id", 2).config.model.text.pool,
            TextPool::kArgmax);
  const auto text = read_changed("clip_openai", "/text_config/eos_token_id", 39).config.model.text;
  EXPECT_EQ(text.pool, TextPool::kEot);
  EXPECT_EQ(text.eos_id, 39);
}

TEST(HuggingFaceConfig, RefusesTwoSpellingsThatContradict) {
  expect_error(ErrorKind::kCheckpoint, {.what = "contradict each other in hidden_act"}, [] {
    (void)read_changed("clip_laion", "/text_config_dict", Json{{"hidden_act", "quick_gelu"}});
  });
  EXPECT_EQ(read_changed("clip_laion", "/text_config_dict", Json{{"hidden_act", "gelu"}})
                .config.model.text.activation,
            Activation::kGelu);
}

TEST(HuggingFaceConfig, CountsPositionsAsEachFamilyDoes) {
  const auto roberta = read_changed("roberta", "/max_position_embeddings", 514).config.model.text;
  EXPECT_EQ(roberta.context_length, 512);
  const auto bert = read_changed("bert", "/max_position_embeddings", 512).config.model.text;
  EXPECT_EQ(bert.context_length, 512);
}

TEST(HuggingFaceConfig, ReadsTheProcessorsNumbers) {
  const ForeignRequest request{.names = {}};
  const auto vit = read_hugging_face_config(golden("vit"), request).config;
  EXPECT_EQ(vit.transform.resize_mode, ResizeMode::kSquash);
  EXPECT_EQ(vit.transform.interpolation, Interpolation::kBilinear);
  EXPECT_EQ(vit.model.image.mean, (std::array<double, 3>{0.5, 0.5, 0.5}));
  const auto clip = read_hugging_face_config(golden("clip_laion"), request).config;
  EXPECT_EQ(clip.transform.resize_mode, ResizeMode::kShortest);
  EXPECT_EQ(clip.transform.interpolation, Interpolation::kBicubic);
  EXPECT_EQ(clip.model.image.mean, ImageEncoderOptions{}.mean);
}

// CLIP's configuration with `pointer` of its preprocessor set to `value`, read again.
ModelConfig read_processor(const std::string& pointer, const Json& value) {
  const TemporaryFolder folder;
  fs::copy(golden("clip_laion"), folder.path(), fs::copy_options::recursive);
  const fs::path file = folder / "preprocessor_config.json";
  Json json = read_json_object(file);
  json[Json::json_pointer(pointer)] = value;
  write_file_atomically(file, json.dump());
  return read_hugging_face_config(folder.path(), {.names = {}}).config;
}

TEST(ImageProcessor, ReadsTheShareThatTheCropKeeps) {
  for (const int64_t side : {15, 17, 30}) {
    const ModelConfig config = read_processor("/size", {{"shortest_edge", side}});
    EXPECT_EQ(config.transform.resize_mode, ResizeMode::kShortest);
    EXPECT_EQ(resized_side(config), side);
    const Json written = image_processor_json(config, Layout::kClip);
    EXPECT_EQ(written.at("size"), Json({{"shortest_edge", side}}));
    EXPECT_EQ(written.at("crop_size"), Json({{"height", 15}, {"width", 15}}));
  }
  const ModelConfig squash = read_processor("/size", {{"height", 17}, {"width", 17}});
  EXPECT_EQ(squash.transform.resize_mode, ResizeMode::kSquash);
  EXPECT_EQ(resized_side(squash), 17);
  EXPECT_TRUE(image_processor_json(squash, Layout::kClip).at("do_center_crop"));
}

TEST(ImageProcessor, RefusesACropOfAnotherSizeThanTheModels) {
  const auto refused = [](const std::string& field, const std::string& pointer, const Json& value) {
    test::expect_refused_field(field, [&] { (void)read_processor(pointer, value); });
  };
  refused("size", "/size", {{"shortest_edge", 14}});
  refused("size", "/size", {{"shortest_edge", 15.5}});
  refused("crop_size", "/crop_size", 14);
  refused("crop_size", "/do_center_crop", false);
}

TEST(ImageProcessor, RefusesWhatIsNoFilterAndNotThreeNumbers) {
  const auto refused = [](const std::string& field, const Json& value) {
    test::expect_refused_field(field, [&] { (void)read_processor("/" + field, value); });
  };
  refused("resample", 5);
  refused("image_mean", Json::parse(R"([0.5, "0.5", 0.5])"));
  refused("image_std", Json::parse("[0.5, null, 0.5]"));
  test::expect_refused_field("mean", [] {
    (void)read_changed("open_clip_vit", "/preprocess_cfg/mean", Json::parse("[0, {}, 0]"));
  });
}

TEST(OpenClipConfig, RefusesACropThatItHasNoWordFor) {
  ModelConfig config = read_changed("open_clip_vit", "/model_cfg/embed_dim", 7).config;
  (void)write_open_clip_config(config);
  config.transform.crop_pct = 0.5;
  expect_error(ErrorKind::kConfig, {.expected = "data.transform.crop_pct"},
               [&] { (void)write_open_clip_config(config); });
}

TEST(Fidelity, ComparesTheSideThatACropIsCutFrom) {
  ModelConfig config;
  config.transform.crop_pct = 0.9;
  ModelConfig same = config;
  same.transform.crop_pct = crop_pct_of(248, 224);
  EXPECT_TRUE(differences_in_numbers(config, same).empty());
  same.transform.crop_pct = 1.0;
  EXPECT_EQ(differences_in_numbers(config, same).size(), 1U);
}

TEST(Fidelity, SeesWhatChangesNumbersAndNothingElse) {
  ModelConfig config;
  config.model.text = text_preset("roberta_base");
  ModelConfig same = config;
  same.model.text.preset = "";
  same.model.text.dropout = 0.3;
  same.model.text_projector = same.model.projector;
  EXPECT_TRUE(differences_in_numbers(config, same).empty());
  same.model.text.norm_eps = 1e-12;
  same.model.image.activation = Activation::kQuickGelu;
  same.transform.resize_mode = ResizeMode::kSquash;
  EXPECT_EQ(differences_in_numbers(config, same).size(), 3U);
}

}  // namespace
}  // namespace tandem
