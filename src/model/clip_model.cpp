#include "tandem/model/clip_model.h"

#include "tandem/core/device.h"
#include "tandem/core/random.h"

namespace tandem {
namespace {

torch::Tensor unit_norm(const torch::Tensor& x) {
  return x / x.norm(2, -1, /*keepdim=*/true).clamp_min(1e-12);
}

}  // namespace

ClipModelImpl::ClipModelImpl(const ModelOptions& options, uint64_t seed) : options_(options) {
  text = register_module("text", TextEncoder(options.text, text_dropout_));
  image = register_module("image", ImageEncoder(options.image, image_dropout_));
  text_projector = register_module(
      "text_projector", Projector(options.text.width, options.embed_dim, options.projector));
  image_projector = register_module(
      "image_projector", Projector(image->feature_dim(), options.embed_dim, options.projector));
  logit_scale_ =
      register_parameter("logit_scale", torch::tensor(options.logit_scale_init, torch::kFloat32),
                         /*requires_grad=*/options.learn_logit_scale);
  // One stream per part: changing one tower leaves the other's first weights as they were.
  const auto stream = [seed](uint64_t part) {
    return make_generator(torch::kCPU, mix_seed({seed, part}));
  };
  text->reset_parameters(stream(0));
  image->reset_parameters(stream(1));
  text_projector->reset_parameters(stream(2));
  image_projector->reset_parameters(stream(3));
}

torch::Tensor ClipModelImpl::encode_images(const torch::Tensor& images) {
  return embed(image(images), image_projector);
}

torch::Tensor ClipModelImpl::encode_texts(const TokenBatch& tokens) {
  return embed(text(tokens), text_projector);
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
}

void set_precision(ClipModel model, torch::ScalarType dtype) {
  const torch::NoGradGuard no_grad;
  for (auto& entry : model->named_parameters()) {
    if (entry.key() != "logit_scale") entry.value().set_data(entry.value().to(dtype));
  }
}

}  // namespace tandem
