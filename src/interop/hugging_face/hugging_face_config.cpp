#include <algorithm>

#include <fmt/format.h>

#include "interop/hugging_face/hugging_face_fields.h"
#include "interop/python/tandem_python.h"
#include "interop/reading/foreign_config.h"
#include "tandem/core/error.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

bool has_pooler(const std::set<std::string>& names) {
  return std::ranges::any_of(
      names, [](const auto& name) { return name.ends_with("pooler.dense.weight"); });
}

// text_config_dict and vision_config_dict are older spellings: where one is there it alone counts,
// what it leaves out is the class's default, and the newer one may not contradict it.
ConfigObject tower(ConfigObject& top, const std::string& key) {
  const Json older = top.raw(key + "_dict");
  const Json newer = top.raw(key);
  if (!older.is_object()) return top.object(key);
  for (const auto& [field, value] : older.items()) {
    const bool differs = newer.is_object() && newer.contains(field) && newer[field] != value;
    if (differs && !value.is_null() && !is_harmless(field)) {
      throw Error(ErrorKind::kCheckpoint,
                  {.what = fmt::format("{0} and {0}_dict contradict each other in {1}", key, field),
                   .where = top.where(),
                   .found = shown(newer[field]) + " and " + shown(value)});
    }
  }
  return {older, fmt::format("{}: {}_dict", top.where(), key)};
}

void use_linear_projectors(ModelOptions& model) {
  model.projector = {.kind = ProjectorKind::kLinear, .bias = false};
}

void read_top(ConfigObject& top, ModelOptions& model) {
  model.embed_dim = top.integer("projection_dim", 512);
  model.logit_scale_init = top.number("logit_scale_init_value", 2.6592);
  finish_hugging_face(top);
}

void read_clip(ConfigObject top, ForeignConfig& foreign) {
  ModelOptions& model = foreign.config.model;
  int64_t ignored = 0;
  foreign.layout = Layout::kClip;
  foreign.family = "Hugging Face CLIP";
  model.text = read_clip_text(tower(top, "text_config"), ignored);
  model.image = read_clip_vision(tower(top, "vision_config"));
  use_linear_projectors(model);
  read_top(top, model);
}

void read_siglip(ConfigObject top, ForeignConfig& foreign) {
  ModelOptions& model = foreign.config.model;
  foreign.layout = Layout::kSiglip;
  foreign.family = "Hugging Face SigLIP";
  model.text = read_siglip_text(tower(top, "text_config"), model.embed_dim);
  model.image = read_siglip_vision(tower(top, "vision_config"));
  model.text_projector = {.kind = ProjectorKind::kLinear, .bias = true};
  model.image_projector = {.kind = ProjectorKind::kNone};
  model.logit_bias = true;
  model.logit_scale_init = 2.302585092994046;  // ln 10
  finish_hugging_face(top);
}

void read_dual(ConfigObject top, ForeignConfig& foreign) {
  ModelOptions& model = foreign.config.model;
  ConfigObject text = top.object("text_config");
  ConfigObject vision = top.object("vision_config");
  const std::string text_type = text.text("model_type", "");
  const std::string vision_type = vision.text("model_type", "");
  if (text_type != "bert" && text_type != "roberta" && text_type != "xlm-roberta")
    text.refuse("model_type", "bert, roberta or xlm-roberta");
  if (vision_type == "vit") {
    foreign.layout = Layout::kDualVit;
    model.image = read_vit(std::move(vision));
    model.image.pool = ImagePool::kPooler;
  } else if (vision_type == "clip_vision_model" || vision_type == "clip") {
    foreign.layout = Layout::kDualClip;
    // A whole CLIP was named before transformers took its vision tower alone.
    model.image = read_clip_vision(vision_type == "clip" ? vision.object("vision_config")
                                                         : std::move(vision));
  } else {
    vision.refuse("model_type", "vit, clip_vision_model or clip");
  }
  foreign.family =
      fmt::format("Hugging Face VisionTextDualEncoder ({} and {})", vision_type, text_type);
  model.text = read_bert_text(std::move(text), text_type);
  model.text.pool = TextPool::kPooler;
  use_linear_projectors(model);
  read_top(top, model);
}

void read_text_tower(ConfigObject config, const std::string& type, const fs::path& directory,
                     const std::set<std::string>& names, ForeignConfig& foreign) {
  ModelOptions& model = foreign.config.model;
  foreign.layout = Layout::kBert;
  foreign.family = "Hugging Face " + type;
  model.towers = Towers::kText;
  model.text = read_bert_text(std::move(config), type);
  model.normalize_embeddings = false;
  if (read_sentence_transformers(directory, foreign)) return;
  model.text.pool = has_pooler(names) ? TextPool::kPooler : TextPool::kMean;
  if (!has_pooler(names)) {
    foreign.notes.emplace_back(
        "the file carries no trained pooler, so none is made up: pool = mean over real tokens");
  }
}

void read_image_tower(ConfigObject config, const std::set<std::string>& names,
                      ForeignConfig& foreign) {
  ModelOptions& model = foreign.config.model;
  foreign.layout = Layout::kVit;
  foreign.family = "Hugging Face ViT";
  model.towers = Towers::kImage;
  model.image = read_vit(std::move(config));
  model.normalize_embeddings = false;
  model.image.pool = has_pooler(names) ? ImagePool::kPooler : ImagePool::kCls;
  if (!has_pooler(names)) {
    foreign.notes.emplace_back(
        "the file carries no trained pooler, so none is made up: pool = cls");
  }
}

}  // namespace

ForeignConfig read_hugging_face_config(const fs::path& directory, const ForeignRequest& request) {
  const fs::path file =
      request.config_file.empty() ? directory / "config.json" : request.config_file;
  ConfigObject top(read_json_object(file), file.string());
  const std::string type = top.text("model_type", "");
  ForeignConfig foreign;
  ModelOptions& model = foreign.config.model;
  if (type == "bert" || type == "roberta" || type == "xlm-roberta") {
    read_text_tower(std::move(top), type, directory, request.names, foreign);
    model.embed_dim = model.text.width;
    model.projector.kind = ProjectorKind::kNone;
  } else if (type == "vit") {
    read_image_tower(std::move(top), request.names, foreign);
    model.embed_dim = model.image.width;
    model.projector.kind = ProjectorKind::kNone;
  } else if (type == "clip") {
    read_clip(std::move(top), foreign);
  } else if (type == "siglip") {
    read_siglip(std::move(top), foreign);
  } else if (type == "blip") {
    read_blip(std::move(top), request, foreign);
  } else if (type == "vision-text-dual-encoder") {
    read_dual(std::move(top), foreign);
  } else if (is_tower_of_pair(type)) {
    read_tower_of_pair(std::move(top), type, request, foreign);
  } else if (type == "tandem") {
    read_tandem_config(std::move(top), foreign);
    return foreign;
  } else {
    top.refuse("model_type",
               "bert, roberta, xlm-roberta, vit, clip, siglip, one tower of these two, blip, "
               "vision-text-dual-encoder or tandem");
  }
  read_image_processor(directory, foreign);
  return foreign;
}

}  // namespace tandem
