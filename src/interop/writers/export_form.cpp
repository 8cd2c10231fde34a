#include "interop/writers/export_form.h"

#include <algorithm>

#include <fmt/format.h>

#include "interop/open_clip/open_clip_towers.h"
#include "interop/writers/fidelity.h"

namespace tandem {
namespace {

// transformers takes this id for "the largest one" (configurations older than the field's meaning).
constexpr int64_t kIdOfArgmax = 2;

void take_bert_text(TextEncoderOptions& text) {
  text.norm_order = NormOrder::kPost;
  text.type_vocab_size = std::max<int64_t>(text.type_vocab_size, 1);
  text.embedding_norm = true;
  text.final_norm = text.causal = text.pad_to_context = false;
}

// The blocks of CLIP's text tower, which open_clip and SigLIP share.
void take_clip_text(TextEncoderOptions& text) {
  text.norm_order = NormOrder::kPre;
  text.position_style = PositionStyle::kAbsolute;
  text.type_vocab_size = 0;
  text.embedding_norm = false;
  text.final_norm = true;
}

void take_clip_vision(ImageEncoderOptions& image) {
  image.patch_bias = false;
  image.class_token = image.final_norm = true;
  image.pool = ImagePool::kCls;
}

void take_vit(ImageEncoderOptions& image) {
  image.patch_bias = image.class_token = image.final_norm = true;
  image.pre_norm = false;
  image.pool = ImagePool::kPooler;
}

void take_siglip_vision(ImageEncoderOptions& image) {
  image.patch_bias = image.final_norm = true;
  image.class_token = image.pre_norm = false;
  image.pool = ImagePool::kMap;
}

void take_unit_norm_after_projectors(ModelOptions& model) {
  model.normalize_features = false;
  model.normalize_embeddings = true;
}

void take_projectors(ModelOptions& model, ProjectorOptions text, ProjectorOptions image) {
  model.text_projector = text;
  model.image_projector = image;
}

constexpr ProjectorOptions kMatrix = {.kind = ProjectorKind::kLinear, .bias = false};
constexpr ProjectorOptions kLinear = {.kind = ProjectorKind::kLinear, .bias = true};
constexpr ProjectorOptions kNoProjector = {.kind = ProjectorKind::kNone};

void take_matrices(ModelOptions& model) {
  take_projectors(model, kMatrix, kMatrix);
  take_unit_norm_after_projectors(model);
  model.logit_bias = false;
}

void take_siglip(ModelOptions& model) {
  take_clip_text(model.text);
  model.text.causal = false;
  model.text.pool = TextPool::kLast;
  model.text.pad_to_context = true;
  take_siglip_vision(model.image);
  take_projectors(model, kLinear, kNoProjector);
  take_unit_norm_after_projectors(model);
  model.logit_bias = true;
}

void take_clip(ModelOptions& model) {
  TextEncoderOptions& text = model.text;
  take_clip_text(text);
  text.causal = true;
  text.pad_to_context = false;
  if (text.pool != TextPool::kArgmax) text.pool = TextPool::kEot;
  if (text.pool == TextPool::kEot && text.eos_id == kIdOfArgmax)
    text.eos_id = std::max(text.vocab_size - 1, kIdOfArgmax + 1);
  take_clip_vision(model.image);
  take_matrices(model);
}

void take_dual_encoder(ModelOptions& model) {
  take_bert_text(model.text);
  model.text.pool = TextPool::kPooler;
  if (model.image.pre_norm) {
    take_clip_vision(model.image);
  } else {
    take_vit(model.image);
  }
  take_matrices(model);
}

void take_text_tower(ModelOptions& model) {
  take_bert_text(model.text);
  TextPool& pool = model.text.pool;
  if (pool != TextPool::kCls && pool != TextPool::kPooler) pool = TextPool::kMean;
  take_projectors(model, kNoProjector, kNoProjector);
  model.normalize_features = model.logit_bias = false;
  if (pool == TextPool::kPooler) model.normalize_embeddings = false;
}

void take_image_tower(ModelOptions& model) {
  const bool cls = model.image.pool == ImagePool::kCls;
  take_vit(model.image);
  if (cls) model.image.pool = ImagePool::kCls;
  take_projectors(model, kNoProjector, kNoProjector);
  model.normalize_features = model.normalize_embeddings = model.logit_bias = false;
}

void take_blip(ModelOptions& model) {
  TextEncoderOptions& text = model.text;
  TextDecoderOptions& decoder = model.decoder;
  take_bert_text(text);
  text.type_vocab_size = 0;
  text.position_style = PositionStyle::kAbsolute;
  text.pool = TextPool::kCls;
  text.cross_attention = true;
  take_vit(model.image);
  model.image.pool = ImagePool::kCls;
  decoder.norm_order = NormOrder::kPost;
  decoder.position_style = PositionStyle::kAbsolute;
  decoder.type_vocab_size = 0;
  decoder.embedding_norm = true;
  decoder.final_norm = false;
  const bool pair = model.towers == Towers::kBoth;
  take_projectors(model, pair ? kLinear : kNoProjector, pair ? kLinear : kNoProjector);
  model.normalize_features = model.logit_bias = false;
  model.normalize_embeddings = pair;
}

void take_open_clip_text(ModelOptions& model) {
  TextEncoderOptions& text = model.text;
  take_clip_text(text);
  const bool known =
      text.pool == TextPool::kArgmax || text.pool == TextPool::kLast || text.pool == TextPool::kCls;
  if (!known) text.pool = TextPool::kEot;
  text.pad_to_context = !text.causal || text.pool == TextPool::kLast;
  model.text_projector = text_projector_of(model).bias ? kLinear : kMatrix;
}

void take_open_clip_hf_text(ModelOptions& model) {
  take_bert_text(model.text);
  TextPool& pool = model.text.pool;
  if (pool != TextPool::kCls && pool != TextPool::kPooler) pool = TextPool::kMean;
  const bool mlp = text_projector_of(model).kind == ProjectorKind::kMlp;
  model.text_projector = {.kind = mlp ? ProjectorKind::kMlp : ProjectorKind::kLinear,
                          .bias = false};
}

void take_open_clip_vision(ModelOptions& model) {
  const bool mean = model.image.pool == ImagePool::kMean;
  take_clip_vision(model.image);
  if (mean) model.image.pool = ImagePool::kMean;
  model.image_projector = kMatrix;
}

void take_open_clip_pixels(ImageTransformOptions& transform) {
  if (transform.interpolation != Interpolation::kBilinear)
    transform.interpolation = Interpolation::kBicubic;
  transform.crop_pct = 1.0;
}

// What differs only because another field does is left out.
std::vector<std::string> obstacles(const ModelConfig& config, const ModelConfig& nearest) {
  std::vector<std::string> differences = differences_in_numbers(config, nearest);
  const bool same_pool = config.model.text.pool == nearest.model.text.pool;
  std::erase_if(differences, [&](const std::string& each) {
    return each.find("_projector.norm_eps:") != std::string::npos ||
           each.starts_with("model.image.num_classes:") || each.starts_with("model.text.pad_id:") ||
           (each.starts_with("model.text.eos_id:") && !same_pool);
  });
  return differences;
}

}  // namespace

ExportForm hugging_face_form(const ModelConfig& config) {
  ModelConfig nearest = config;
  ModelOptions& model = nearest.model;
  // What both sides share must not count twice.
  take_projectors(model, text_projector_of(model), image_projector_of(model));
  ExportForm form;
  if (has_decoder(model) || (model.towers == Towers::kBoth && model.text.cross_attention)) {
    const bool pair = model.towers == Towers::kBoth;
    form = {.layout = Layout::kBlip,
            .name = pair ? "BlipForImageTextRetrieval" : "BlipForConditionalGeneration"};
    take_blip(model);
  } else if (model.towers == Towers::kText) {
    form = {.layout = Layout::kBert, .name = "a text tower of sentence-transformers"};
    take_text_tower(model);
  } else if (model.towers == Towers::kImage) {
    form = {.layout = Layout::kVit, .name = "ViTModel"};
    take_image_tower(model);
  } else if (model.text.norm_order == NormOrder::kPost) {
    form = {.layout = model.image.pre_norm ? Layout::kDualClip : Layout::kDualVit,
            .name = "VisionTextDualEncoderModel"};
    take_dual_encoder(model);
  } else if (model.image.pool == ImagePool::kMap) {
    form = {.layout = Layout::kSiglip, .name = "SiglipModel"};
    take_siglip(model);
  } else {
    form = {.layout = Layout::kClip, .name = "CLIPModel"};
    take_clip(model);
  }
  form.differences = obstacles(config, nearest);
  return form;
}

ExportForm open_clip_form(const ModelConfig& config) {
  ModelConfig nearest = config;
  ModelOptions& model = nearest.model;
  model.decoder = {};
  model.text.cross_attention = false;
  const bool hf = model.text.norm_order == NormOrder::kPost;
  const bool timm = !hf && model.image.pool == ImagePool::kMap;
  ExportForm form;
  if (model.towers != Towers::kBoth) {
    form.name = "a model of two towers";
    form.differences = {
        fmt::format("model.towers: {} -> both", model.towers == Towers::kText ? "text" : "image")};
    return form;
  }
  if (hf) {
    take_open_clip_hf_text(model);
  } else {
    take_open_clip_text(model);
  }
  if (timm) {
    take_siglip_vision(model.image);
    model.image_projector = kNoProjector;
  } else {
    take_open_clip_vision(model);
  }
  take_unit_norm_after_projectors(model);
  take_open_clip_pixels(nearest.transform);
  const bool custom = timm || text_projector_of(model).bias;
  form.layout = hf       ? Layout::kOpenClipHf
                : timm   ? Layout::kOpenClipTimm
                : custom ? Layout::kOpenClipCustom
                         : Layout::kOpenClip;
  form.name = hf       ? "CustomTextCLIP with a Hugging Face text tower"
              : custom ? "CustomTextCLIP"
                       : "CLIP";
  // One switch of open_clip turns both its own towers to QuickGELU.
  if (!hf && !timm && model.image.activation != model.text.activation &&
      (model.image.activation == Activation::kQuickGelu ||
       model.text.activation == Activation::kQuickGelu))
    model.image.activation = model.text.activation;
  form.differences = obstacles(config, nearest);
  if (timm && timm_name(config.model.image).empty()) {
    const ImageEncoderOptions& image = config.model.image;
    form.differences.push_back(
        fmt::format("model.image: width {}, layers {}, heads {} -> the size of a SigLIP tower that "
                    "timm has by name",
                    image.width, image.layers, image.heads));
  }
  return form;
}

}  // namespace tandem
