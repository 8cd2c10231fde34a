#include "tandem/interop/verify.h"

#include <algorithm>

#include <torch/utils.h>

#include "tandem/core/error.h"
#include "tandem/io/safetensors.h"

namespace tandem {
namespace {

double relative_difference(const torch::Tensor& ours, const torch::Tensor& reference) {
  if (ours.sizes() != reference.sizes()) return std::numeric_limits<double>::infinity();
  const double scale = reference.abs().max().item<double>();
  const double difference = (ours - reference).abs().max().item<double>();
  return scale > 0.0 ? difference / scale : difference;
}

TokenBatch tokens_of(const TensorMap& data) {
  const torch::Tensor bounds = data.at("in.cu_seqlens").to(torch::kInt32);
  return {.ids = data.at("in.ids").to(torch::kInt64),
          .cu_seqlens = bounds,
          .max_length = bounds.diff().max().item<int64_t>()};
}

}  // namespace

VerifiedOutputs verify_model(ClipModel model, const std::filesystem::path& reference) {
  const torch::NoGradGuard no_grad;
  const TensorMap data = load_safetensors(reference).tensors;
  VerifiedOutputs result;
  const auto compare = [&](const std::string& name, const torch::Tensor& ours) {
    const auto found = data.find("out." + name);
    if (found != data.end()) result.emplace(name, relative_difference(ours, found->second));
  };
  torch::Tensor images, texts;
  if (model->image && data.contains("in.pixels")) {
    const torch::Tensor& pixels = data.at("in.pixels");
    compare("image_features", model->image(pixels));
    images = model->encode_images(pixels);
    compare("image_embeddings", images);
  }
  if (data.contains("in.ids") && data.contains("in.cu_seqlens")) {
    const TokenBatch tokens = tokens_of(data);
    if (model->text) {
      compare("text_features", model->text(tokens));
      texts = model->encode_texts(tokens);
      compare("text_embeddings", texts);
    }
    if (images.defined() && (model->decoder || model->matching_head)) {
      const torch::Tensor states = model->encode_image_states(data.at("in.pixels"));
      if (model->decoder)
        compare("decoder_logits", model->decoder->logits(model->decoder(tokens, states)));
      if (model->matching_head) compare("match_logits", model->match(states, tokens));
    }
  }
  if (images.defined() && texts.defined()) {
    torch::Tensor logits = model->logit_scale().exp() * images.matmul(texts.t());
    if (model->logit_bias().defined()) logits = logits + model->logit_bias();
    compare("logits_per_image", logits);
  }
  if (result.empty()) {
    throw Error(ErrorKind::kData, {.what = "the reference file has nothing that this model gives",
                                   .where = reference.string(),
                                   .expected = "in.pixels or in.ids and in.cu_seqlens, and out.*"});
  }
  return result;
}

}  // namespace tandem
