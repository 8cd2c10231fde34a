#include <fmt/format.h>
#include <fmt/ranges.h>

#include "interop/python/python_files.h"
#include "interop/python/tandem_python.h"
#include "interop/reading/foreign_config.h"
#include "interop/writers/export_form.h"
#include "interop/writers/image_processor_writer.h"
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
  // 2 is how transformers takes the largest id.
  json["eos_token_id"] = text.pool == TextPool::kArgmax ? 2 : text.eos_id;
  return json;
}

Json blip_text_json(const ModelOptions& model) {
  const bool writes = has_decoder(model);
  Json json;
  json["model_type"] = "blip_text_model";
  const auto write = [&](const auto& text, int64_t dec_id) {
    write_blocks(json, text);
    json["vocab_size"] = text.vocab_size;
    json["hidden_dropout_prob"] = text.dropout;
    json["attention_probs_dropout_prob"] = text.attention_dropout;
    json["max_position_embeddings"] = text.context_length;
    json["pad_token_id"] = text.pad_id;
    json["bos_token_id"] = dec_id;
    json["eos_token_id"] = json["sep_token_id"] = text.eos_id;
  };
  // The token that begins a caption is the one before that of matching.
  if (writes) {
    write(model.decoder, model.decoder.bos_id);
  } else {
    write(model.text, model.text.match_id > 0 ? model.text.match_id - 1 : model.text.bos_id);
  }
  json["encoder_hidden_size"] = model.image.width;
  json["is_decoder"] = true;
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

namespace {

// The towers in the words of transformers' own class.
Json native_json(const ModelOptions& model, Layout layout, ForeignFiles& files) {
  switch (layout) {
    case Layout::kBert: add_sentence_pooling(model, files); return bert_json(model.text);
    case Layout::kVit: return vit_json(model.image);
    case Layout::kSiglip: {
      Json text = clip_text_json(model.text, "siglip_text_model");
      text["projection_size"] = model.embed_dim;
      return pair_json("SiglipModel", "siglip", std::move(text),
                       clip_vision_json(model.image, "siglip_vision_model"));
    }
    case Layout::kBlip: {
      const bool captions = model.towers == Towers::kImage;
      Json top =
          pair_json(captions ? "BlipForConditionalGeneration" : "BlipForImageTextRetrieval", "blip",
                    blip_text_json(model), clip_vision_json(model.image, "blip_vision_model"));
      if (!captions) top["image_text_hidden_size"] = model.embed_dim;
      top["logit_scale_init_value"] = model.logit_scale_init;
      return top;
    }
    case Layout::kDualVit:
    case Layout::kDualClip:
      return pair_json(
          "VisionTextDualEncoderModel", "vision-text-dual-encoder", bert_json(model.text),
          layout == Layout::kDualClip ? clip_vision_json(model.image, "clip_vision_model")
                                      : vit_json(model.image));
    default:
      return pair_json("CLIPModel", "clip", clip_text_json(model.text, "clip_text_model"),
                       clip_vision_json(model.image, "clip_vision_model"));
  }
}

ForeignFiles write_native_config(const ModelConfig& config, const ExportForm& form) {
  const ModelOptions& model = config.model;
  ForeignFiles files{.layout = form.layout, .family = "Hugging Face " + form.name};
  Json top = native_json(model, form.layout, files);
  const bool matrices = form.layout != Layout::kSiglip && form.layout != Layout::kBlip;
  if (model.towers == Towers::kBoth && matrices) {
    top["projection_dim"] = model.embed_dim;
    top["logit_scale_init_value"] = model.logit_scale_init;
  }
  top["dtype"] = "float32";
  files.files.emplace_back("config.json", std::move(top));
  return files;
}

}  // namespace

ForeignFiles write_hugging_face_config(const ModelConfig& config) {
  const ExportForm form = hugging_face_form(config);
  const bool native = form.differences.empty();
  if (!native && form.layout == Layout::kBlip) {
    throw Error(ErrorKind::kConfig,
                {.what = "transformers has no class for this model's cross attention",
                 .expected = form.name,
                 .found = fmt::format("{}", fmt::join(form.differences, "; "))});
  }
  ForeignFiles files = native ? write_native_config(config, form) : write_tandem_config(config);
  if (!native)
    files.notes.push_back(
        fmt::format("{} is not this model: {}", form.name, fmt::join(form.differences, "; ")));
  if (config.model.towers != Towers::kText) {
    Json processor = image_processor_json(config, files.layout);
    if (files.layout == Layout::kBlip) {
      processor["processor_class"] = "BlipProcessor";
    } else if (config.model.towers == Towers::kBoth)
      processor["processor_class"] = "VisionTextDualEncoderProcessor";
    const bool own = processor.contains("tandem");
    if (own) files.scripts.emplace_back("image_processing_tandem.py", kImageProcessingPython);
    if (own && native)
      files.notes.emplace_back(
          "no image processor of transformers gives this model's pixels: AutoImageProcessor needs "
          "trust_remote_code=True");
    files.files.emplace_back("preprocessor_config.json", std::move(processor));
  }
  if (files.layout == Layout::kBlip && config.model.towers == Towers::kBoth &&
      has_decoder(config.model))
    files.notes.emplace_back(
        "BlipForImageTextRetrieval and BlipForConditionalGeneration each load their part of it");
  if (!native)
    files.notes.emplace_back(
        "it is opened by AutoModel.from_pretrained(FOLDER, trust_remote_code=True)");
  return files;
}

}  // namespace tandem
