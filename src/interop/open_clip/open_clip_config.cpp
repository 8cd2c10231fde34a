#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "interop/open_clip/open_clip_fields.h"
#include "interop/open_clip/open_clip_shapes.h"
#include "interop/open_clip/open_clip_towers.h"
#include "interop/reading/foreign_config.h"
#include "tandem/core/error.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

constexpr double kMaxMlpWidth = 1e12;

double read_eps(ConfigObject& config, double fallback) {
  ConfigObject norm = config.object("norm_kwargs");
  const double eps = norm.number("eps", fallback);
  norm.finish();
  return eps;
}

Activation read_act(ConfigObject& config, bool quick_gelu) {
  ConfigObject act = config.object("act_kwargs");
  const std::string approximate = act.text("approximate", "none");
  act.finish();
  if (quick_gelu && config.has("act_kwargs")) config.refuse("act_kwargs", "null with quick_gelu");
  if (approximate != "none" && approximate != "tanh") act.refuse("approximate", "none or tanh");
  if (quick_gelu) return Activation::kQuickGelu;
  return approximate == "tanh" ? Activation::kGeluTanh : Activation::kGelu;
}

int64_t read_mlp(ConfigObject& config, int64_t width) {
  const double mlp_width = static_cast<double>(width) * config.number("mlp_ratio", 4.0);
  if (!(std::abs(mlp_width) < kMaxMlpWidth)) config.refuse("mlp_ratio", "a usual number, as 4.0");
  return static_cast<int64_t>(mlp_width);
}

TextPool read_text_pool(ConfigObject& config) {
  const std::string pool = config.text("pool_type", "argmax");
  if (pool == "argmax") return TextPool::kArgmax;
  if (pool == "last") return TextPool::kLast;
  if (pool == "first") return TextPool::kCls;
  if (pool == "eos") return TextPool::kEot;
  config.refuse("pool_type", "argmax, eos, last or first");
}

// What open_clip/tokenizer.py does to texts: its own tokenizer or, where one is named, before a
// Hugging Face tokenizer.
TextCleaning read_cleaning(ConfigObject& text, bool hf) {
  const std::string tokenizer = text.text("hf_tokenizer_name", "");
  const bool named = hf || !tokenizer.empty();
  if (!text.text("tokenizer_mode", "").empty()) text.refuse("tokenizer_mode", "null");
  ConfigObject options = text.object("tokenizer_kwargs");
  const std::string clean = options.text("clean", named ? "whitespace" : "lower");
  if (options.flag("strip_sep_token", false)) options.refuse("strip_sep_token", "false");
  options.finish();
  if (!named) {
    if (clean != "lower") options.refuse("clean", "lower, with CLIP's vocabulary");
    return TextCleaning::kOpenClip;
  }
  if (clean != "whitespace" && clean != "lower" && clean != "canonicalize")
    options.refuse("clean", "whitespace, lower or canonicalize");
  return cleaning_named(clean).value();
}

// open_clip's own text tower.
void read_text(ConfigObject config, bool quick_gelu, ForeignConfig& foreign) {
  TextEncoderOptions& text = foreign.config.model.text;
  text = {.norm_order = NormOrder::kPre,
          .position_style = PositionStyle::kAbsolute,
          .type_vocab_size = 0,
          .embedding_norm = false,
          .final_norm = true};
  text.vocab_size = config.integer("vocab_size", 49408);
  text.context_length = config.integer("context_length", 77);
  text.width = config.integer("width", 512);
  text.heads = config.integer("heads", 8);
  text.layers = config.integer("layers", 12);
  text.mlp_width = read_mlp(config, text.width);
  text.activation = read_act(config, quick_gelu);
  text.norm_eps = read_eps(config, 1e-5);
  text.causal = !config.flag("no_causal_mask", false);
  text.pool = read_text_pool(config);
  text.pad_to_context = !text.causal || text.pool == TextPool::kLast;
  text.init_std = 0.02;
  text.pad_id = config.integer("pad_id", 0);
  text.bos_id = text.vocab_size - 2;
  text.eos_id = text.vocab_size - 1;
  const int64_t eos = config.integer("eos_id", 2);
  if (text.pool == TextPool::kEot) text.eos_id = eos;
  if (text.pad_to_context) {
    // SigLIP's vocabulary of 32000 fills with </s>, Gemma's with its own padding piece.
    text.pad_id = text.vocab_size == 32000 ? 1 : text.pad_id;
    foreign.notes.push_back(fmt::format(
        "texts are filled with id {} up to {} tokens, as open_clip's tokenizers of this kind do",
        text.pad_id, text.context_length));
  }
  foreign.config.model.text_projector = {.kind = ProjectorKind::kLinear,
                                         .bias = config.flag("proj_bias", false)};
  config.allow(kHfFields);
  finish_open_clip(config);
}

// The configuration of a Hugging Face text tower: beside the model, or one known by name.
TextEncoderOptions hf_tower(const fs::path& directory, const std::string& name) {
  const fs::path file = directory / name / "config.json";
  if (fs::exists(file)) {
    ConfigObject tower(read_json_object(file), file.string());
    const std::string type = tower.text("model_type", "");
    if (type != "bert" && type != "roberta" && type != "xlm-roberta")
      tower.refuse("model_type", "bert, roberta or xlm-roberta");
    return read_bert_text(std::move(tower), type);
  }
  for (const KnownTextTower& known : kKnownTextTowers) {
    if (name == known.name || name.ends_with("/" + std::string(known.name)))
      return text_preset(known.preset);
  }
  throw Error(ErrorKind::kCheckpoint,
              {.what = "the configuration of the text tower hf_model_name is not known",
               .where = file.string(),
               .expected = "this file, or roberta-base, xlm-roberta-base or bert-base-uncased",
               .found = name});
}

void read_hf_text(ConfigObject config, const fs::path& directory, ForeignConfig& foreign) {
  ModelOptions& model = foreign.config.model;
  const std::string name = config.text("hf_model_name", "");
  model.text = hf_tower(directory, name);
  model.text.preset = "";
  // open_clip 2.7 called them pooler_type and proj.
  const std::string pooler =
      config.text("hf_pooler_type", config.text("pooler_type", "mean_pooler"));
  if (pooler == "mean_pooler") {
    model.text.pool = TextPool::kMean;
  } else if (pooler == "cls_pooler") {
    model.text.pool = TextPool::kPooler;
  } else if (pooler == "cls_last_hidden_state_pooler") {
    model.text.pool = TextPool::kCls;
  } else {
    config.refuse("hf_pooler_type", "mean_pooler, cls_pooler or cls_last_hidden_state_pooler");
  }
  const std::string projection = config.text("hf_proj_type", config.text("proj", "mlp"));
  if (projection != "mlp" && projection != "linear") config.refuse("hf_proj_type", "mlp or linear");
  model.text_projector = {
      .kind = projection == "mlp" ? ProjectorKind::kMlp : ProjectorKind::kLinear, .bias = false};
  limit_texts(config.integer("context_length", 77), "open_clip", foreign);
  config.allow(kOwnTextFields);
  finish_open_clip(config);
}

void read_vision(ConfigObject config, bool quick_gelu, ImageEncoderOptions& image) {
  image.image_size = config.side("image_size", 224);
  image.patch_size = config.side("patch_size", 16);
  image.width = config.integer("width", 768);
  if (!config.raw("layers").is_number_integer()) config.refuse("layers", "one number: a ViT");
  image.layers = config.integer("layers", 12);
  const int64_t head_width = config.integer("head_width", 64);
  if (head_width < 1 || image.width % head_width != 0)
    config.refuse("head_width", "a divisor of width");
  image.heads = image.width / head_width;
  image.mlp_width = read_mlp(config, image.width);
  image.activation = read_act(config, quick_gelu);
  image.norm_eps = read_eps(config, 1e-5);
  image.patch_bias = false;
  image.pre_norm = !config.flag("no_ln_pre", false);
  image.init_std = 0.02;
  const std::string pool = config.text("pool_type", "tok");
  if (pool != "tok" && pool != "avg") config.refuse("pool_type", "tok or avg");
  image.pool = pool == "tok" ? ImagePool::kCls : ImagePool::kMean;
  config.allow(kTimmFields);
  finish_open_clip(config);
}

void read_timm(ConfigObject config, const ForeignRequest& request, ForeignConfig& foreign) {
  ModelOptions& model = foreign.config.model;
  const std::string name = config.text("timm_model_name", "");
  model.image = timm_tower(name, request, config);
  if (config.text("timm_pool", "avg") != "map") config.refuse("timm_pool", "map");
  if (config.text("timm_proj", "linear") != "none") config.refuse("timm_proj", "none");
  model.image.image_size = config.side("image_size", 224);
  model.image_projector = {.kind = ProjectorKind::kNone};
  config.allow(kOwnVisionFields);
  finish_open_clip(config);
}

void read_preprocess(ConfigObject config, ForeignConfig& foreign) {
  ImageEncoderOptions& image = foreign.config.model.image;
  image.mean = config.three_numbers("mean", ImageEncoderOptions{}.mean);
  image.std = config.three_numbers("std", ImageEncoderOptions{}.std);
  ImageTransformOptions& transform = foreign.config.transform;
  const std::string interpolation = config.text("interpolation", "bicubic");
  // `random` is for training; open_clip then evaluates with bicubic.
  if (interpolation != "bicubic" && interpolation != "bilinear" && interpolation != "random")
    config.refuse("interpolation", "bicubic or bilinear");
  transform.interpolation =
      interpolation == "bilinear" ? Interpolation::kBilinear : Interpolation::kBicubic;
  const std::string mode = config.text("resize_mode", "shortest");
  if (mode != "shortest" && mode != "squash" && mode != "longest")
    config.refuse("resize_mode", "shortest, longest or squash");
  transform.resize_mode = mode == "squash"    ? ResizeMode::kSquash
                          : mode == "longest" ? ResizeMode::kLongest
                                              : ResizeMode::kShortest;
  config.require(std::array<RequiredValue, 1>{RequiredValue{"mode", "\"RGB\""}});
  // open_clip takes the tower's size whatever is written here, and fills in resize_mode longest.
  config.allow(std::array<std::string_view, 2>{"size", "fill_color"});
  config.finish();
}

// Empty when the weights have to say it themselves: by a name, or in OpenAI's own file.
fs::path config_file_of(const fs::path& directory, const ForeignRequest& request) {
  if (!request.config_file.empty()) return request.config_file;
  const fs::path file = directory / "open_clip_config.json";
  const bool openai = request.names.contains("input_resolution");
  if (!request.model_name.empty() || (openai && !fs::exists(file))) return {};
  if (fs::exists(file)) return file;
  throw Error(ErrorKind::kMissingInput,
              {.what = "the weights have no configuration beside them",
               .where = file.string(),
               .hint = "--model-name with open_clip's name of the model, as ViT-B-32 or "
                       "ViT-B-32-quickgelu, or --config with its configuration"});
}

}  // namespace

ForeignConfig read_open_clip_config(const fs::path& directory, const ForeignRequest& request) {
  const fs::path file = config_file_of(directory, request);
  const Json json = file.empty() ? open_clip_json_from_shapes(request) : read_json_object(file);
  const std::string where = file.empty() ? "the weights' shapes" : file.string();
  ConfigObject top(json, where);
  // A configuration file of open_clip's own library has no outer object.
  ConfigObject cfg = top.has("model_cfg") ? top.object("model_cfg") : ConfigObject(json, where);
  ForeignConfig foreign;
  ModelOptions& model = foreign.config.model;
  model.embed_dim = cfg.integer("embed_dim", 512);
  const bool quick_gelu = cfg.flag("quick_gelu", false);
  const bool custom_text = cfg.flag("custom_text", false);
  model.logit_scale_init = cfg.number("init_logit_scale", model.logit_scale_init);
  model.logit_bias = cfg.has("init_logit_bias");
  model.logit_bias_init = cfg.number("init_logit_bias", model.logit_bias_init);
  model.projector = {.kind = ProjectorKind::kLinear, .bias = false};
  ConfigObject text = cfg.object("text_cfg");
  ConfigObject vision = cfg.object("vision_cfg");
  const bool hf = text.has("hf_model_name");
  foreign.cleaning = read_cleaning(text, hf);
  const bool timm = vision.has("timm_model_name");
  if (hf && timm) vision.refuse("timm_model_name", "null beside hf_model_name");
  foreign.layout = hf     ? Layout::kOpenClipHf
                   : timm ? Layout::kOpenClipTimm
                   : custom_text || request.names.contains("text.positional_embedding")
                       ? Layout::kOpenClipCustom
                       : Layout::kOpenClip;
  foreign.family = hf     ? "open_clip with a Hugging Face text tower"
                   : timm ? "open_clip SigLIP"
                          : "open_clip ViT";
  if (hf) {
    read_hf_text(std::move(text), file.parent_path(), foreign);
  } else {
    read_text(std::move(text), quick_gelu, foreign);
  }
  if (timm) {
    read_timm(std::move(vision), request, foreign);
  } else {
    read_vision(std::move(vision), quick_gelu, model.image);
  }
  cfg.allow(std::array<std::string_view, 3>{"nonscalar_logit_scale", "cast_dtype", "output_dict"});
  cfg.finish();
  model.image.position_antialias = true;
  read_preprocess(top.object("preprocess_cfg"), foreign);
  return foreign;
}

}  // namespace tandem
