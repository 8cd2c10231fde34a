#include "config/presets/presets.h"

#include <fmt/format.h>

#include "config/json/names.h"
#include "tandem/core/error.h"

namespace tandem {
namespace {

constexpr double kPublishedInitStd = 0.02;

TextEncoderOptions roberta_base() {
  return {.vocab_size = 50265,
          .context_length = 512,  // 514 positions: the first one used is pad_id + 1
          .width = 768,
          .layers = 12,
          .heads = 12,
          .mlp_width = 3072,
          .dropout = 0.1,
          .attention_dropout = 0.1,
          .init_std = kPublishedInitStd};
}

TextEncoderOptions xlm_roberta_base() {
  TextEncoderOptions options = roberta_base();
  options.vocab_size = 250002;
  return options;
}

// The ids are those of bert-base-uncased.
TextEncoderOptions bert_base() {
  TextEncoderOptions options = roberta_base();
  options.vocab_size = 30522;
  options.norm_eps = 1e-12;
  options.position_style = PositionStyle::kAbsolute;
  options.type_vocab_size = 2;
  options.pool = TextPool::kCls;
  options.pad_id = 0;
  options.bos_id = 101;
  options.eos_id = 102;
  return options;
}

TextEncoderOptions clip_text_b() {
  return {.vocab_size = 49408,
          .context_length = 77,
          .width = 512,
          .layers = 12,
          .heads = 8,
          .mlp_width = 2048,
          .activation = Activation::kQuickGelu,
          .norm_order = NormOrder::kPre,
          .norm_eps = 1e-5,
          .causal = true,
          .position_style = PositionStyle::kAbsolute,
          .type_vocab_size = 0,
          .embedding_norm = false,
          .final_norm = true,
          .pool = TextPool::kEot,
          .pad_id = 0,
          .bos_id = 49406,
          .eos_id = 49407,
          .init_std = kPublishedInitStd};
}

// BERT, whose tokenizer has [DEC] = 30522 and [ENC] = 30523 as well; no token types.
TextEncoderOptions blip_text_base() {
  TextEncoderOptions options = bert_base();
  options.vocab_size = 30524;
  options.type_vocab_size = 0;
  options.cross_attention = true;
  options.match_id = 30523;
  return options;
}

TextEncoderOptions tiny_text() { return {}; }

TextEncoderOptions blip_text_tiny() { return {.pool = TextPool::kCls, .cross_attention = true}; }

// The decoder of BLIP.
TextDecoderOptions shared_decoder(const TextEncoderOptions& text) {
  TextDecoderOptions options = config::decoder_beside(text);
  options.share = DecoderSharing::kAllButSelfAttention;
  return options;
}

TextDecoderOptions blip_decoder_base() {
  TextDecoderOptions options = shared_decoder(blip_text_base());
  options.bos_id = 30522;
  return options;
}

TextDecoderOptions blip_decoder_tiny() { return shared_decoder(blip_text_tiny()); }

ImageEncoderOptions vit_base_patch16_224() {
  return {.image_size = 224,
          .patch_size = 16,
          .width = 768,
          .layers = 12,
          .heads = 12,
          .mlp_width = 3072,
          .norm_eps = 1e-12,
          .init_std = kPublishedInitStd,
          .mean = {0.5, 0.5, 0.5},
          .std = {0.5, 0.5, 0.5}};
}

ImageEncoderOptions vit_b_16() {
  return {.image_size = 224,
          .patch_size = 16,
          .width = 768,
          .layers = 12,
          .heads = 12,
          .mlp_width = 3072,
          .activation = Activation::kQuickGelu,
          .norm_eps = 1e-5,
          .patch_bias = false,
          .pre_norm = true,
          .init_std = kPublishedInitStd};
}

ImageEncoderOptions vit_b_32() {
  ImageEncoderOptions options = vit_b_16();
  options.patch_size = 32;
  return options;
}

ImageEncoderOptions vit_l_14() {
  ImageEncoderOptions options = vit_b_16();
  options.patch_size = 14;
  options.width = 1024;
  options.layers = 24;
  options.heads = 16;
  options.mlp_width = 4096;
  return options;
}

ImageEncoderOptions siglip_base_patch16_224() {
  ImageEncoderOptions options = vit_base_patch16_224();
  options.activation = Activation::kGeluTanh;
  options.norm_eps = 1e-6;
  options.class_token = false;
  options.pool = ImagePool::kMap;
  return options;
}

ImageEncoderOptions blip_image_base() {
  ImageEncoderOptions options = vit_base_patch16_224();
  options.norm_eps = 1e-6;
  options.mean = ImageEncoderOptions{}.mean;
  options.std = ImageEncoderOptions{}.std;
  return options;
}

ImageEncoderOptions tiny_image() { return {}; }

template <typename Options>
struct Preset {
  const char* name;
  Options (*make)();
};

constexpr Preset<TextEncoderOptions> kTextPresets[] = {
    {"roberta_base", roberta_base}, {"xlm_roberta_base", xlm_roberta_base},
    {"bert_base", bert_base},       {"clip_text_b", clip_text_b},
    {"blip_base", blip_text_base},  {"tandem_tiny", tiny_text},
    {"blip_tiny", blip_text_tiny},
};

constexpr Preset<ImageEncoderOptions> kImagePresets[] = {
    {"vit_base_patch16_224", vit_base_patch16_224},
    {"vit_b_32", vit_b_32},
    {"vit_b_16", vit_b_16},
    {"vit_l_14", vit_l_14},
    {"siglip_base_patch16_224", siglip_base_patch16_224},
    {"blip_base", blip_image_base},
    {"tandem_tiny", tiny_image},
    {"blip_tiny", tiny_image},
};

constexpr Preset<TextDecoderOptions> kDecoderPresets[] = {
    {"blip_base", blip_decoder_base},
    {"blip_tiny", blip_decoder_tiny},
};

template <typename Options, size_t N>
std::vector<std::string> names_of(const Preset<Options> (&presets)[N]) {
  std::vector<std::string> names;
  for (const auto& preset : presets) names.emplace_back(preset.name);
  return names;
}

template <typename Options, size_t N>
Options find_preset(const Preset<Options> (&presets)[N], const std::string& name,
                    const char* part) {
  for (const auto& preset : presets) {
    if (name != preset.name) continue;
    Options options = preset.make();
    options.preset = name;
    return options;
  }
  const auto names = names_of(presets);
  const auto nearest = config::nearest_name(name, names);
  throw Error(ErrorKind::kConfig, {.what = fmt::format("unknown preset of the {}", part),
                                   .expected = "one of " + config::join(names, ", "),
                                   .found = name,
                                   .hint = nearest.value_or("")});
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  for (const std::string& each : names) {
    if (each == name) return true;
  }
  return false;
}

}  // namespace

namespace config {

TextDecoderOptions decoder_beside(const TextEncoderOptions& text) {
  return {.vocab_size = text.vocab_size,
          .context_length = text.context_length,
          .width = text.width,
          .layers = text.layers,
          .heads = text.heads,
          .mlp_width = text.mlp_width,
          .activation = text.activation,
          .norm_order = text.norm_order,
          .norm_eps = text.norm_eps,
          .position_style = text.position_style,
          .type_vocab_size = text.type_vocab_size,
          .embedding_norm = text.embedding_norm,
          .final_norm = text.final_norm,
          .dropout = text.dropout,
          .attention_dropout = text.attention_dropout,
          .pad_id = text.pad_id,
          .eos_id = text.eos_id,
          .init_std = text.init_std};
}

std::vector<std::string> text_preset_names() { return names_of(kTextPresets); }
std::vector<std::string> image_preset_names() { return names_of(kImagePresets); }
std::vector<std::string> decoder_preset_names() { return names_of(kDecoderPresets); }

}  // namespace config

bool has_text_preset(const std::string& name) {
  return contains(config::text_preset_names(), name);
}

bool has_image_preset(const std::string& name) {
  return contains(config::image_preset_names(), name);
}

bool has_decoder_preset(const std::string& name) {
  return contains(config::decoder_preset_names(), name);
}

TextEncoderOptions text_preset(const std::string& name) {
  return find_preset(kTextPresets, name, "text tower");
}

ImageEncoderOptions image_preset(const std::string& name) {
  return find_preset(kImagePresets, name, "image tower");
}

TextDecoderOptions decoder_preset(const std::string& name) {
  return find_preset(kDecoderPresets, name, "text decoder");
}

}  // namespace tandem
