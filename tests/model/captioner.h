#pragma once

#include <torch/utils.h>

#include "tandem/core/device.h"
#include "tandem/model/clip_model.h"

namespace tandem {

/// A small model with a decoder; pictures have 4 patches and a class token of width 24.
enum class CaptionerForm {
  kRoberta,  ///< Image tower and decoder only.
  kBert,     ///< The same with BERT's tables.
  kShared,   ///< Two towers; the decoder shares all but self-attention, as BLIP does.
};

inline ModelOptions captioner_options(CaptionerForm form) {
  ModelOptions options;
  options.embed_dim = 12;
  options.image = {.image_size = 16, .patch_size = 8, .width = 24, .layers = 1, .heads = 2};
  options.decoder = {
      .vocab_size = 40, .context_length = 12, .width = 16, .layers = 2, .heads = 2, .bos_id = 0};
  if (form == CaptionerForm::kBert) {
    options.decoder.position_style = PositionStyle::kAbsolute;
    options.decoder.type_vocab_size = 0;
    options.decoder.norm_eps = 1e-12;
  }
  if (form != CaptionerForm::kShared) {
    options.towers = Towers::kImage;
    return options;
  }
  options.text = {.vocab_size = 40, .context_length = 12, .width = 16, .layers = 2, .heads = 2};
  options.text.pool = TextPool::kCls;
  options.text.cross_attention = true;
  options.decoder.share = DecoderSharing::kAllButSelfAttention;
  return options;
}

/// Its weights follow from `seed`. Norms and biases, which begin with ones and zeros, are moved:
/// a wrong one would show nothing.
inline ClipModel make_captioner(CaptionerForm form, uint64_t seed = 3) {
  ClipModel model(captioner_options(form), seed);
  const torch::NoGradGuard no_grad;
  at::Generator generator = make_generator(torch::kCPU, seed);
  for (const ModelParameter& each : model_parameters(*model)) {
    if (each.tensor.dim() != 1) continue;
    each.tensor.add_(torch::randn(each.tensor.sizes(), generator), 0.3);
  }
  model->eval();
  return model;
}

}  // namespace tandem
