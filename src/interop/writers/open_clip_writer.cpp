#include <fmt/format.h>
#include <fmt/ranges.h>

#include "interop/open_clip/open_clip_towers.h"
#include "interop/reading/foreign_config.h"
#include "interop/writers/export_form.h"
#include "tandem/config/tower_shape.h"
#include "tandem/core/error.h"

namespace tandem {
namespace {

// Where the text tower's configuration goes when open_clip has no name for it.
constexpr const char* kTextFolder = "text_tower";

// The ratio from which open_clip computes this width: it cuts, not rounds.
double mlp_ratio(const auto& tower) {
  const int64_t wanted = hidden_width(tower);
  const auto width = static_cast<double>(tower.width);
  const double ratio = static_cast<double>(wanted) / width;
  if (static_cast<int64_t>(width * ratio) == wanted) return ratio;
  return (static_cast<double>(wanted) + 0.5) / width;
}

template <typename Options>
void write_details(Json& json, const Options& options) {
  if (options.activation == Activation::kGeluTanh) json["act_kwargs"] = {{"approximate", "tanh"}};
  if (options.norm_eps != 1e-5) json["norm_kwargs"] = {{"eps", options.norm_eps}};
}

const char* pool_name(TextPool pool) {
  switch (pool) {
    case TextPool::kArgmax: return "argmax";
    case TextPool::kLast: return "last";
    case TextPool::kCls: return "first";
    default: return "eos";
  }
}

Json text_json(const ModelOptions& model) {
  const TextEncoderOptions& text = model.text;
  Json json = {{"context_length", text.context_length},
               {"vocab_size", text.vocab_size},
               {"width", text.width},
               {"heads", text.heads},
               {"layers", text.layers}};
  json["mlp_ratio"] = mlp_ratio(text);
  json["pool_type"] = pool_name(text.pool);
  if (text.pool == TextPool::kEot) json["eos_id"] = text.eos_id;
  json["pad_id"] = text.pad_id;
  if (!text.causal) json["no_causal_mask"] = true;
  if (text_projector_of(model).bias) json["proj_bias"] = true;
  write_details(json, text);
  return json;
}

const char* hf_pooler(TextPool pool) {
  switch (pool) {
    case TextPool::kPooler: return "cls_pooler";
    case TextPool::kCls: return "cls_last_hidden_state_pooler";
    default: return "mean_pooler";
  }
}

Json hf_text_json(const ModelOptions& model, ForeignFiles& files) {
  std::string name = std::string("./") + kTextFolder;
  for (const KnownTextTower& known : kKnownTextTowers) {
    if (bert_json(text_preset(known.preset)) == bert_json(model.text)) name = known.name;
  }
  if (name.starts_with("./"))
    files.files.emplace_back(std::string(kTextFolder) + "/config.json", bert_json(model.text));
  const bool mlp = text_projector_of(model).kind == ProjectorKind::kMlp;
  return {{"hf_model_name", name},
          {"hf_model_pretrained", false},
          {"hf_tokenizer_name", name},
          {"context_length", model.text.context_length},
          {"hf_pooler_type", hf_pooler(model.text.pool)},
          {"hf_proj_type", mlp ? "mlp" : "linear"}};
}

Json vision_json(const ImageEncoderOptions& image) {
  Json json = {{"image_size", image.image_size},
               {"patch_size", image.patch_size},
               {"width", image.width},
               {"layers", image.layers},
               {"head_width", image.width / image.heads}};
  json["mlp_ratio"] = mlp_ratio(image);
  if (image.pool == ImagePool::kMean) json["pool_type"] = "avg";
  if (!image.pre_norm) json["no_ln_pre"] = true;
  write_details(json, image);
  return json;
}

Json timm_json(const ImageEncoderOptions& image) {
  return {{"image_size", image.image_size},
          {"timm_model_name", timm_name(image)},
          {"timm_model_pretrained", false},
          {"timm_pool", "map"},
          {"timm_proj", "none"}};
}

const char* resize_mode_name(ResizeMode mode) {
  switch (mode) {
    case ResizeMode::kShortest: return "shortest";
    case ResizeMode::kLongest: return "longest";
    case ResizeMode::kSquash: return "squash";
  }
  return "";
}

Json preprocess_json(const ModelConfig& config) {
  const bool bicubic = config.transform.interpolation == Interpolation::kBicubic;
  return {{"mean", config.model.image.mean},
          {"std", config.model.image.std},
          {"interpolation", bicubic ? "bicubic" : "bilinear"},
          {"resize_mode", resize_mode_name(config.transform.resize_mode)}};
}

void require_no_differences(const ExportForm& form) {
  if (form.differences.empty()) return;
  throw Error(ErrorKind::kConfig,
              {.what = "open_clip cannot hold this model",
               .where = form.name,
               .expected = "these values: " + fmt::format("{}", fmt::join(form.differences, "; ")),
               .hint = "train with what stands behind the arrows, or export it with --to hf"});
}

// What open_clip does otherwise with some images only.
std::vector<std::string> pixel_notes(const ImageTransformOptions& transform) {
  std::vector<std::string> notes;
  if (transform.resize_mode == ResizeMode::kShortest && transform.crop_offset == CropOffset::kDown)
    notes.emplace_back(
        "data.transform.crop_offset = down: open_clip rounds half a pixel to the even number, so "
        "some images are cut one pixel aside");
  if (transform.exif == ExifOrientation::kApply)
    notes.emplace_back("data.transform.exif = apply: open_clip leaves images as they are stored");
  if (!drops_after_resize(transform.background))
    notes.emplace_back(
        "data.transform.background is not drop_after_resize: open_clip resizes images with a "
        "palette or transparency as they are stored, then ignores transparency");
  return notes;
}

}  // namespace

ForeignFiles write_open_clip_config(const ModelConfig& config) {
  const ModelOptions& model = config.model;
  const ExportForm form = open_clip_form(config);
  require_no_differences(form);
  const bool hf = form.layout == Layout::kOpenClipHf;
  const bool timm = form.layout == Layout::kOpenClipTimm;
  ForeignFiles files{.layout = form.layout,
                     .family = "open_clip " + form.name,
                     .notes = pixel_notes(config.transform)};
  Json cfg;
  cfg["embed_dim"] = model.embed_dim;
  const Activation deciding = hf ? model.image.activation : model.text.activation;
  if (deciding == Activation::kQuickGelu) cfg["quick_gelu"] = true;
  if (timm || form.layout == Layout::kOpenClipCustom) cfg["custom_text"] = true;
  cfg["init_logit_scale"] = model.logit_scale_init;
  if (model.logit_bias) cfg["init_logit_bias"] = model.logit_bias_init;
  cfg["vision_cfg"] = timm ? timm_json(model.image) : vision_json(model.image);
  cfg["text_cfg"] = hf ? hf_text_json(model, files) : text_json(model);
  Json top;
  top["model_cfg"] = std::move(cfg);
  top["preprocess_cfg"] = preprocess_json(config);
  files.files.emplace_back("open_clip_config.json", std::move(top));
  return files;
}

}  // namespace tandem
