// Every field that transformers 4.0 to 5 and open_clip 2 and 3 write, at the values that they write
// (scripts/make_golden_fields.py), and the values that would change embeddings.
#include <filesystem>

#include <gtest/gtest.h>

#include "core/temporary_folder.h"
#include "interop/golden.h"
#include "interop/reading/foreign_config.h"
#include "interop/refused_field.h"
#include "tandem/core/files.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;
using test::golden;

struct Published {
  const char* fields;   // "clip/text_config": a family of published_fields.json
  const char* model;    // the golden model that has these fields
  const char* pointer;  // where in its configuration
};

ForeignConfig read_with(const Published& where, const Json& fields) {
  const TemporaryFolder folder;
  const std::string model = where.model;
  const bool open_clip = model.starts_with("open_clip");
  fs::copy(golden(model), folder.path(), fs::copy_options::recursive);
  const fs::path file = folder / (open_clip ? "open_clip_config.json" : "config.json");
  Json json = read_json_object(file);
  Json& object = json[Json::json_pointer(where.pointer)];
  for (const auto& [key, value] : fields.items()) object[key] = value;
  write_file_atomically(file, json.dump());
  const ForeignRequest request{.names = {}, .timm_heads = 2};
  return open_clip ? read_open_clip_config(folder.path(), request)
                   : read_hugging_face_config(folder.path(), request);
}

class PublishedFields : public testing::TestWithParam<Published> {};

// What the model itself says stays; each other field takes each value that a release wrote.
TEST_P(PublishedFields, AreKnown) {
  const std::string model = GetParam().model;
  const bool open_clip = model.starts_with("open_clip");
  const Json published = read_json_object(golden("published_fields.json"));
  const Json& fields =
      published.at(open_clip ? "open_clip" : "transformers").at("fields").at(GetParam().fields);
  const Json own = read_json_object(
      golden(model) / (open_clip ? "open_clip_config.json"
                                 : "config.json"))[Json::json_pointer(GetParam().pointer)];
  for (size_t round = 0; round < 8; ++round) {
    Json added = Json::object();
    for (const auto& [key, values] : fields.items()) {
      if (!own.contains(key) && round < values.size()) added[key] = values[round][0];
    }
    if (added.empty()) break;
    EXPECT_NO_THROW((void)read_with(GetParam(), added)) << added;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Classes, PublishedFields,
    testing::Values(Published{"bert", "bert", ""}, Published{"roberta", "roberta", ""},
                    Published{"xlm_roberta", "xlm_roberta", ""}, Published{"vit", "vit", ""},
                    Published{"clip", "clip_openai", ""},
                    Published{"clip/text_config", "clip_openai", "/text_config"},
                    Published{"clip/vision_config", "clip_openai", "/vision_config"},
                    Published{"siglip", "siglip", ""},
                    Published{"siglip/text_config", "siglip", "/text_config"},
                    Published{"siglip/vision_config", "siglip", "/vision_config"},
                    Published{"dual", "dual_vit_roberta", ""},
                    Published{"bert", "dual_clip_bert", "/text_config"},
                    Published{"vit", "dual_vit_roberta", "/vision_config"},
                    Published{"text_cfg", "open_clip_vit", "/model_cfg/text_cfg"},
                    Published{"vision_cfg", "open_clip_vit", "/model_cfg/vision_cfg"},
                    Published{"preprocess_cfg", "open_clip_vit", "/preprocess_cfg"},
                    Published{"text_cfg", "open_clip_roberta", "/model_cfg/text_cfg"},
                    Published{"vision_cfg", "open_clip_siglip", "/model_cfg/vision_cfg"}));

// What published models carry that no class has.
TEST(PublishedFields, OfTheFirstReleaseOfBertAreKnown) {
  const Json first = Json::parse(R"({"directionality": "bidi", "pooler_fc_size": 768,
      "pooler_num_attention_heads": 12, "pooler_num_fc_layers": 3, "pooler_size_per_head": 128,
      "pooler_type": "first_token_transform", "output_past": true, "_num_labels": 2})");
  EXPECT_NO_THROW((void)read_with({"", "bert", ""}, first));
}

struct Changing {
  const char* model;
  const char* pointer;
  const char* field;
  const char* value;
};

class ChangingFields : public testing::TestWithParam<Changing> {};

TEST_P(ChangingFields, AreRefusedByName) {
  const Changing& change = GetParam();
  test::expect_refused_field(change.field, [&] {
    (void)read_with({"", change.model, change.pointer},
                    {{change.field, Json::parse(change.value)}});
  });
}

INSTANTIATE_TEST_SUITE_P(
    Values, ChangingFields,
    testing::Values(
        Changing{"bert", "", "pruned_heads", R"({"0": [1]})"},
        Changing{"bert", "", "is_decoder", "true"},
        Changing{"bert", "", "pooler_type", "\"last_token_transform\""},
        Changing{"bert", "", "auto_map", R"({"AutoModel": "modeling_own.Own"})"},
        Changing{"clip_openai", "", "quantization_config", R"({"bits": 8})"},
        Changing{"clip_openai", "/text_config", "is_decoder", "true"},
        Changing{"clip_openai", "/vision_config", "num_channels", "4"},
        Changing{"clip_openai", "/vision_config", "image_size", "[15, 30]"},
        Changing{"vit", "", "pooler_act", "\"relu\""},
        Changing{"open_clip_vit", "/model_cfg/vision_cfg", "global_average_pool", "true"},
        Changing{"open_clip_vit", "/model_cfg/vision_cfg", "input_patchnorm", "true"},
        Changing{"open_clip_vit", "/model_cfg/vision_cfg", "attentional_pool", "true"},
        Changing{"open_clip_vit", "/model_cfg/vision_cfg", "final_ln_after_pool", "true"},
        Changing{"open_clip_vit", "/model_cfg/vision_cfg", "pos_embed_type", "\"none\""},
        Changing{"open_clip_vit", "/model_cfg/text_cfg", "proj_type", "\"none\""}));

TEST(PublishedFields, ASideMayBeWrittenTwice) {
  const auto vision = read_with({"", "clip_openai", "/vision_config"}, {{"image_size", {15, 15}}});
  EXPECT_EQ(vision.config.model.image.image_size, 15);
  const auto size = read_with({"", "open_clip_vit", "/preprocess_cfg"}, {{"size", {224, 224}}});
  EXPECT_EQ(size.config.transform.resize_mode, ResizeMode::kShortest);
}

TEST(PublishedFields, TheOlderSpellingOfATowerAloneCounts) {
  // transformers fills what text_config_dict leaves out with its class's defaults.
  const auto text = read_with({"", "clip_laion", ""}, {{"text_config_dict", {{"vocab_size", 43}}}})
                        .config.model.text;
  EXPECT_EQ(text.vocab_size, 43);
  EXPECT_EQ(text.activation, Activation::kQuickGelu);
  EXPECT_EQ(text.width, 512);
}

}  // namespace
}  // namespace tandem
