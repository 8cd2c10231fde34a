#include <algorithm>

#include <fmt/format.h>

#include "config/checks/validate.h"
#include "config/fields/enums.h"
#include "tandem/config/tower_shape.h"

namespace tandem::config {
namespace {

void check_heads(const std::string& tower, int64_t width, int64_t heads, Contradictions& found) {
  if (heads < 1 || width % heads == 0) return;
  found.push_back(
      {{tower + ".width", tower + ".heads"},
       fmt::format("{0}.width = {1} is not a multiple of {0}.heads = {2}", tower, width, heads)});
}

template <typename Tower>
void check_freeze(const std::string& tower, const Tower& options, Contradictions& found) {
  const int64_t last = options.unfreeze_last_layers;
  if (last > options.layers) {
    found.push_back({{tower + ".unfreeze_last_layers", tower + ".layers"},
                     fmt::format("{0}.unfreeze_last_layers = {1} is more than {0}.layers = {2}",
                                 tower, last, options.layers)});
  }
  if (last > 0 && !options.freeze) {
    found.push_back({{tower + ".unfreeze_last_layers", tower + ".freeze"},
                     fmt::format("{0}.unfreeze_last_layers = {1} means nothing with {0}.freeze = "
                                 "false",
                                 tower, last)});
  }
}

void check_ids(const TextEncoderOptions& text, Contradictions& found) {
  // SigLIP ends and fills its texts with one and the same id; GPT-2 begins and ends them so, where
  // a pool must not look for the end.
  const bool own_pad =
      text.pad_id < 0 || (text.pad_id != text.bos_id && text.pad_id != text.eos_id);
  const bool own_end = text.pool != TextPool::kEot || text.bos_id != text.eos_id;
  const bool distinct = text.pad_to_context || (own_pad && own_end);
  const std::string shown = fmt::format("model.text.pad_id = {}, bos_id = {} and eos_id = {}",
                                        text.pad_id, text.bos_id, text.eos_id);
  const std::vector<std::string> keys = {"model.text.pad_id", "model.text.bos_id",
                                         "model.text.eos_id"};
  if (!distinct) found.push_back({keys, shown + " must differ from one another"});
  const bool reads_padding = text.pad_to_context || text.pool == TextPool::kMeanAll;
  if ((text.pad_id < 0 && reads_padding) || (text.eos_id < 0 && text.pool == TextPool::kEot)) {
    found.push_back({keys, fmt::format("{}, but model.text.pool = {} needs one that is missing",
                                       shown, spelling(text.pool, kTextPools))});
  }
  const int64_t largest = std::max({text.pad_id, text.bos_id, text.eos_id});
  if (text.vocab_size > 0 && largest >= text.vocab_size) {
    std::vector<std::string> all = keys;
    all.emplace_back("model.text.vocab_size");
    found.push_back(
        {all, fmt::format("{} must be below model.text.vocab_size = {}", shown, text.vocab_size)});
  }
}

void check_text(const TextEncoderOptions& text, Contradictions& found) {
  check_heads("model.text", text.width, text.heads, found);
  check_freeze("model.text", text, found);
  check_ids(text, found);
  if (text.causal && (text.pool == TextPool::kCls || text.pool == TextPool::kPooler)) {
    found.push_back({{"model.text.causal", "model.text.pool"},
                     fmt::format("model.text.pool = {} takes the first token, which sees nothing "
                                 "else with model.text.causal = true",
                                 spelling(text.pool, kTextPools))});
  }
}

void check_image(const ImageEncoderOptions& image, Contradictions& found) {
  check_heads("model.image", image.width, image.heads, found);
  check_freeze("model.image", image, found);
  if (image.patch_size > image.image_size) {
    found.push_back({{"model.image.image_size", "model.image.patch_size"},
                     fmt::format("model.image.image_size = {} is smaller than "
                                 "model.image.patch_size = {}",
                                 image.image_size, image.patch_size)});
  }
  if (!reads_every_token(image.pool) && !image.class_token) {
    found.push_back({{"model.image.pool", "model.image.class_token"},
                     fmt::format("model.image.pool = {} takes the class token, but "
                                 "model.image.class_token = false",
                                 spelling(image.pool, kImagePools))});
  }
}

void check_no_projector(const ModelOptions& model, bool text, Contradictions& found) {
  const ProjectorOptions& projector = text ? text_projector_of(model) : image_projector_of(model);
  const bool absent = model.towers == (text ? Towers::kImage : Towers::kText);
  if (absent || projector.kind != ProjectorKind::kNone) return;
  const bool logits = !text && model.image.pool == ImagePool::kLogits;
  const int64_t features = text     ? model.text.width
                           : logits ? model.image.num_classes
                                    : model.image.width;
  if (features == model.embed_dim) return;
  found.push_back(
      {{"model.embed_dim", text ? "model.text.width" : "model.image.width"},
       fmt::format("model.embed_dim = {} must be the {} features of the {} tower, which "
                   "has no projector",
                   model.embed_dim, features, text ? "text" : "image")});
}

void check_projectors(const ModelOptions& model, Contradictions& found) {
  if (model.projector.kind == ProjectorKind::kShared) {
    found.push_back({{"model.projector.kind"},
                     "model.projector.kind = shared: that is for model.text_projector and "
                     "model.image_projector; this is the one they share"});
    return;
  }
  check_no_projector(model, true, found);
  check_no_projector(model, false, found);
}

}  // namespace

void check_model(const ModelOptions& model, Contradictions& found) {
  if (model.towers != Towers::kImage) check_text(model.text, found);
  if (model.towers != Towers::kText) check_image(model.image, found);
  check_matching(model, found);
  check_decoder(model, found);
  check_projectors(model, found);
  if (model.logit_scale_init > model.logit_scale_max) {
    found.push_back({{"model.logit_scale_init", "model.logit_scale_max"},
                     fmt::format("model.logit_scale_init = {} is above model.logit_scale_max = {}",
                                 model.logit_scale_init, model.logit_scale_max)});
  }
  const auto twice = [&](const std::string& key, const std::string& file) {
    if (model.pretrained.empty() || file.empty()) return;
    found.push_back({{"model.pretrained", key},
                     fmt::format("model.pretrained = \"{}\" covers both towers, so {} = \"{}\" "
                                 "must be empty",
                                 model.pretrained, key, file)});
  };
  twice("model.text.pretrained", model.text.pretrained);
  twice("model.image.pretrained", model.image.pretrained);
}

}  // namespace tandem::config
