// CLIPVisionModel, CLIPTextModel, both WithProjection, SiglipVisionModel and SiglipTextModel.
#include <fmt/format.h>

#include "interop/reading/foreign_config.h"

namespace tandem {
namespace {

// Rows of a matrix of weights; 0 when it is not there.
int64_t rows_of(const ForeignRequest& request, const std::string& name) {
  const auto found = request.shapes.find(name);
  return found == request.shapes.end() || found->second.empty() ? 0 : found->second[0];
}

}  // namespace

bool is_tower_of_pair(const std::string& model_type) {
  return model_type == "clip_vision_model" || model_type == "clip_text_model" ||
         model_type == "siglip_vision_model" || model_type == "siglip_text_model";
}

void read_tower_of_pair(ConfigObject config, const std::string& model_type,
                        const ForeignRequest& request, ForeignConfig& foreign) {
  ModelOptions& model = foreign.config.model;
  const bool clip = model_type.starts_with("clip");
  const bool text = model_type.ends_with("text_model");
  foreign.layout = clip ? Layout::kClip : Layout::kSiglip;
  model.towers = text ? Towers::kText : Towers::kImage;
  model.normalize_embeddings = false;
  int64_t projection = 0;
  if (text) {
    model.text = clip ? read_clip_text(std::move(config), projection)
                      : read_siglip_text(std::move(config), projection);
  } else {
    model.image =
        clip ? read_clip_vision(std::move(config)) : read_siglip_vision(std::move(config));
  }
  if (clip)
    projection = rows_of(request, text ? "text_projection.weight" : "visual_projection.weight");
  model.projector = {.kind = projection > 0 ? ProjectorKind::kLinear : ProjectorKind::kNone,
                     .bias = !clip};
  model.embed_dim = projection > 0 ? projection : text ? model.text.width : model.image.width;
  foreign.family =
      fmt::format("Hugging Face {} {} tower", clip ? "CLIP" : "SigLIP", text ? "text" : "image");
  foreign.notes.push_back(
      fmt::format("one tower, {}; its embeddings keep their length",
                  projection > 0 ? "with its projection" : "without a projection"));
}

}  // namespace tandem
