#include <fmt/format.h>

#include "interop/foreign_config.h"
#include "tandem/config/tower_shape.h"
#include "tandem/core/error.h"

namespace tandem {
namespace {

constexpr int64_t kXlmRobertaVocabulary = 250002;

template <typename Options>
void write_blocks(Json& json, const Options& options) {
  json["hidden_size"] = options.width;
  json["intermediate_size"] = hidden_width(options);
  json["num_hidden_layers"] = options.layers;
  json["num_attention_heads"] = options.heads;
  json["layer_norm_eps"] = options.norm_eps;
  json["hidden_act"] = activation_name(options.activation);
}

Json vit_json(const ImageEncoderOptions& image) {
  Json json;
  json["architectures"] = {"ViTModel"};
  json["model_type"] = "vit";
  write_blocks(json, image);
  json["hidden_dropout_prob"] = image.dropout;
  json["attention_probs_dropout_prob"] = image.attention_dropout;
  json["image_size"] = image.image_size;
  json["patch_size"] = image.patch_size;
  json["num_channels"] = 3;
  json["qkv_bias"] = true;
  return json;
}

Json clip_vision_json(const ImageEncoderOptions& image, const char* type) {
  Json json;
  json["model_type"] = type;
  write_blocks(json, image);
  json["attention_dropout"] = image.attention_dropout;
  json["image_size"] = image.image_size;
  json["patch_size"] = image.patch_size;
  json["num_channels"] = 3;
  return json;
}

Json clip_text_json(const TextEncoderOptions& text, const char* type) {
  Json json;
  json["model_type"] = type;
  json["vocab_size"] = text.vocab_size;
  write_blocks(json, text);
  json["attention_dropout"] = text.attention_dropout;
  json["max_position_embeddings"] = text.context_length;
  json["pad_token_id"] = text.pad_id;
  json["bos_token_id"] = text.bos_id;
  // 2 is how transformers is told to take the largest id.
  json["eos_token_id"] = text.pool == TextPool::kArgmax ? 2 : text.eos_id;
  return json;
}

Json pair_json(const char* architecture, const char* type, Json text, Json vision) {
  Json json;
  json["architectures"] = {architecture};
  json["model_type"] = type;
  json["text_config"] = std::move(text);
  json["vision_config"] = std::move(vision);
  return json;
}

void add_sentence_pooling(const ModelOptions& model, ForeignFiles& files) {
  if (model.text.pool != TextPool::kMean && model.text.pool != TextPool::kCls) return;
  Json pooling;
  pooling["word_embedding_dimension"] = model.text.width;
  pooling["pooling_mode_cls_token"] = model.text.pool == TextPool::kCls;
  pooling["pooling_mode_mean_tokens"] = model.text.pool == TextPool::kMean;
  files.files.emplace_back("1_Pooling/config.json", std::move(pooling));
  const auto module = [](int64_t index, const char* path, const char* type) {
    return Json{{"idx", index},
                {"name", std::to_string(index)},
                {"path", path},
                {"type", std::string("sentence_transformers.models.") + type}};
  };
  Json modules = {module(0, "", "Transformer"), module(1, "1_Pooling", "Pooling")};
  if (model.normalize_embeddings) modules.push_back(module(2, "2_Normalize", "Normalize"));
  files.files.emplace_back("modules.json", std::move(modules));
}

}  // namespace

const char* bert_type(const TextEncoderOptions& text) {
  if (text.position_style == PositionStyle::kAbsolute) return "bert";
  return text.vocab_size == kXlmRobertaVocabulary ? "xlm-roberta" : "roberta";
}

Json bert_json(const TextEncoderOptions& text) {
  const bool bert = text.position_style == PositionStyle::kAbsolute;
  const std::string type = bert_type(text);
  Json json;
  json["architectures"] = {bert                    ? "BertModel"
                           : type == "xlm-roberta" ? "XLMRobertaModel"
                                                   : "RobertaModel"};
  json["model_type"] = type;
  json["vocab_size"] = text.vocab_size;
  write_blocks(json, text);
  json["hidden_dropout_prob"] = text.dropout;
  json["attention_probs_dropout_prob"] = text.attention_dropout;
  json["max_position_embeddings"] = text.context_length + (bert ? 0 : text.pad_id + 1);
  json["type_vocab_size"] = text.type_vocab_size;
  json["pad_token_id"] = text.pad_id;
  json["bos_token_id"] = text.bos_id;
  json["eos_token_id"] = text.eos_id;
  return json;
}

ForeignFiles write_hugging_face_config(const ModelConfig& config) {
  const ModelOptions& model = config.model;
  const bool bert = model.text.norm_order == NormOrder::kPost;
  const bool siglip = model.image.pool == ImagePool::kMap;
  ForeignFiles files;
  Json top;
  if (model.towers == Towers::kText) {
    files.layout = Layout::kBert;
    files.family = std::string("Hugging Face ") + bert_type(model.text);
    top = bert_json(model.text);
    add_sentence_pooling(model, files);
  } else if (model.towers == Towers::kImage) {
    files.layout = Layout::kVit;
    files.family = "Hugging Face ViT";
    top = vit_json(model.image);
  } else if (bert) {
    const bool clip = model.image.pre_norm;
    files.layout = clip ? Layout::kDualClip : Layout::kDualVit;
    files.family = "Hugging Face VisionTextDualEncoder";
    top = pair_json(
        "VisionTextDualEncoderModel", "vision-text-dual-encoder", bert_json(model.text),
        clip ? clip_vision_json(model.image, "clip_vision_model") : vit_json(model.image));
  } else if (siglip) {
    files.layout = Layout::kSiglip;
    files.family = "Hugging Face SigLIP";
    Json text = clip_text_json(model.text, "siglip_text_model");
    text["projection_size"] = model.embed_dim;
    top = pair_json("SiglipModel", "siglip", std::move(text),
                    clip_vision_json(model.image, "siglip_vision_model"));
  } else {
    files.layout = Layout::kClip;
    files.family = "Hugging Face CLIP";
    top = pair_json("CLIPModel", "clip", clip_text_json(model.text, "clip_text_model"),
                    clip_vision_json(model.image, "clip_vision_model"));
  }
  if (model.towers == Towers::kBoth && !(siglip && !bert)) {
    top["projection_dim"] = model.embed_dim;
    top["logit_scale_init_value"] = model.logit_scale_init;
  }
  top["dtype"] = "float32";
  files.files.emplace_back("config.json", std::move(top));
  if (model.towers != Towers::kText)
    files.files.emplace_back("preprocessor_config.json", image_processor_json(config));
  return files;
}

}  // namespace tandem
