#include "interop/writers/fidelity.h"

#include "interop/reading/foreign_config.h"
#include "tandem/config/data_options.h"
#include "tandem/config/tower_shape.h"

namespace tandem {
namespace {

template <typename Tower>
void drop_training_fields(Tower& tower) {
  tower.preset = tower.pretrained = "";
  tower.dropout = tower.attention_dropout = tower.init_std = 0.0;
  tower.freeze = false;
  tower.unfreeze_last_layers = 0;
  tower.mlp_width = hidden_width(tower);
}

void drop_training_fields_of_decoder(TextDecoderOptions& decoder) {
  if (decoder.layers == 0) decoder = {};
  decoder.preset = "";
  decoder.dropout = decoder.attention_dropout = decoder.init_std = 0.0;
  decoder.mlp_width = hidden_width(decoder);
  if (decoder.position_style == PositionStyle::kAbsolute) decoder.pad_id = 0;
}

ProjectorOptions canonical(ProjectorOptions projector) {
  if (projector.kind == ProjectorKind::kNone) projector.bias = false;
  if (projector.kind != ProjectorKind::kGeluLayerNorm) projector.norm_eps = 0.0;
  return projector;
}

RunConfig canonical(ModelConfig config) {
  ModelOptions& model = config.model;
  model.text_projector = canonical(text_projector_of(model));
  model.image_projector = canonical(image_projector_of(model));
  model.projector = {};
  drop_training_fields(model.text);
  drop_training_fields(model.image);
  drop_training_fields_of_decoder(model.decoder);
  model.image.position_antialias = false;
  // The ids that frame a text are the tokenizer's business but where a pool looks for one.
  TextEncoderOptions& text = model.text;
  text.bos_id = 0;
  text.match_id = -1;
  if (text.pool != TextPool::kEot) text.eos_id = 0;
  const bool reads_pad = text.position_style == PositionStyle::kRoberta || text.pad_to_context;
  if (!reads_pad && text.pool != TextPool::kMeanAll) text.pad_id = 0;
  if (model.image.pool != ImagePool::kLogits) model.image.num_classes = 0;
  model.pretrained = "";
  model.logit_scale_init = model.logit_scale_max = model.logit_bias_init = 0.0;
  model.learn_logit_scale = true;
  if (model.towers == Towers::kText) {
    model.image = {};
    model.image_projector = {};
  }
  if (model.towers == Towers::kImage) {
    model.text = {};
    model.text_projector = {};
  }
  RunConfig run;
  run.model = model;
  if (model.towers != Towers::kText) {
    run.data.transform.resize_mode = config.transform.resize_mode;
    run.data.transform.interpolation = config.transform.interpolation;
    // Two shares that come to the same size give the same pixels.
    run.data.transform.crop_pct = crop_pct_of(resized_side(config), config.model.image.image_size);
  }
  return run;
}

}  // namespace

std::vector<std::string> differences_in_numbers(ModelConfig ours, ModelConfig again) {
  std::vector<std::string> lines;
  for (const auto& each :
       config_differences(canonical(std::move(ours)), canonical(std::move(again))))
    lines.push_back(to_string(each));
  return lines;
}

}  // namespace tandem
