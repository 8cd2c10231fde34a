#include "tandem/model/clip_model.h"

#include <torch/utils.h>

#include "nn/unit_norm.h"
#include "tandem/config/load.h"
#include "tandem/core/device.h"
#include "tandem/core/error.h"
#include "tandem/core/random.h"

namespace tandem {

ClipModelImpl::ClipModelImpl(const ModelOptions& options, std::optional<uint64_t> seed)
    : options_(options) {
  validate(options);
  const bool has_text = options.towers != Towers::kImage;
  const bool has_image = options.towers != Towers::kText;
  if (has_text) {
    text = register_module("text", TextEncoder(options.text, text_dropout_, options.image.width));
  }
  if (has_image) image = register_module("image", ImageEncoder(options.image, image_dropout_));
  if (has_text) {
    text_projector = register_module(
        "text_projector",
        Projector(options.text.width, options.embed_dim, text_projector_of(options)));
  }
  if (has_image) {
    image_projector = register_module(
        "image_projector",
        Projector(image->feature_dim(), options.embed_dim, image_projector_of(options)));
  }
  if (has_text && options.text.cross_attention)
    matching_head = register_module("matching_head", Linear(options.text.width, 2));
  if (has_decoder(options)) {
    const bool shares = options.decoder.share != DecoderSharing::kNone;
    // Masks of shared modules are drawn from one stream.
    if (shares) decoder_dropout_ = text_dropout_;
    decoder = register_module("decoder",
                              TextDecoder(options.decoder, options.image.width, decoder_dropout_,
                                          shares ? text : TextEncoder(nullptr)));
  }
  constexpr ParameterRole kScalar = {.init = Init::kKept, .keeps_fp32 = true};
  logit_scale_ = register_parameter(
      "logit_scale", torch::tensor(options.logit_scale_init, torch::kFloat32), kScalar);
  logit_scale_.requires_grad_(options.learn_logit_scale);
  if (options.logit_bias) {
    logit_bias_ = register_parameter(
        "logit_bias", torch::tensor(options.logit_bias_init, torch::kFloat32), kScalar);
  }
  // One stream per part: changing one tower leaves the other's first weights as they were.
  if (!seed) return;
  const auto stream = [seed = *seed](uint64_t part) {
    return make_generator(torch::kCPU, mix_seed({seed, part}));
  };
  if (has_text) text->reset_parameters(stream(0));
  if (has_image) image->reset_parameters(stream(1));
  if (has_text) text_projector->reset_parameters(stream(2));
  if (has_image) image_projector->reset_parameters(stream(3));
  if (decoder) decoder->reset_parameters(stream(4));
  if (matching_head) init_parameters(*matching_head, options.text.init_std, stream(5));
}

torch::Tensor ClipModelImpl::encode_images(const torch::Tensor& images) {
  if (!image) throw Error(ErrorKind::kUsage, "this model has no image tower");
  return embed(image(images), image_projector);
}

torch::Tensor ClipModelImpl::encode_texts(const TokenBatch& tokens) {
  if (!text) throw Error(ErrorKind::kUsage, "this model has no text tower");
  return embed(text(tokens), text_projector);
}

torch::Tensor ClipModelImpl::encode_image_states(const torch::Tensor& images) {
  if (!image) throw Error(ErrorKind::kUsage, "this model has no image tower");
  return image->encode_patches(images);
}

torch::Tensor ClipModelImpl::embed_image_states(const torch::Tensor& image_states) {
  if (!image) throw Error(ErrorKind::kUsage, "this model has no image tower");
  return embed(image->features(image_states), image_projector);
}

torch::Tensor ClipModelImpl::match(const torch::Tensor& image_states, const TokenBatch& tokens) {
  if (!matching_head) {
    throw Error(ErrorKind::kUsage, {.what = "this model cannot match images with texts",
                                    .where = "model.text.cross_attention",
                                    .expected = "true",
                                    .found = "false"});
  }
  return matching_head(text->match_states(tokens, image_states)).to(torch::kFloat32);
}

torch::Tensor ClipModelImpl::embed(torch::Tensor features, Projector projector) const {
  if (options_.normalize_features) {
    features = unit_norm(features.to(torch::kFloat32)).to(features.scalar_type());
  }
  const torch::Tensor embeddings = projector(features).to(torch::kFloat32);  // [B, embed_dim]
  return options_.normalize_embeddings ? unit_norm(embeddings) : embeddings;
}

ClipEmbeddings ClipModelImpl::forward(const torch::Tensor& images, const TokenBatch& tokens) {
  return {.image_embeddings = encode_images(images), .text_embeddings = encode_texts(tokens)};
}

void ClipModelImpl::clamp_logit_scale() {
  const torch::NoGradGuard no_grad;
  logit_scale_.clamp_(0.0, options_.logit_scale_max);
}

void ClipModelImpl::seed_dropout(uint64_t seed) {
  text_dropout_->seed(mix_seed({seed, 0}));
  image_dropout_->seed(mix_seed({seed, 1}));
  if (decoder_dropout_ != text_dropout_) decoder_dropout_->seed(mix_seed({seed, 2}));
}

void ClipModelImpl::recompute_activations(bool on) {
  recomputes_ = on;
  for (const auto& each : modules()) {
    if (auto* const transformer = each->as<TransformerImpl>())
      transformer->recompute_activations(on);
  }
}

void set_precision(ClipModel model, torch::ScalarType dtype) {
  const torch::NoGradGuard no_grad;
  for (const ModelParameter& parameter : model_parameters(*model)) {
    if (!parameter.role.keeps_fp32) parameter.tensor.set_data(parameter.tensor.to(dtype));
  }
}

}  // namespace tandem
