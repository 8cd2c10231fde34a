#pragma once

#include <memory>
#include <optional>

#include <torch/nn/pimpl.h>

#include "tandem/config/model_options.h"
#include "tandem/core/token_batch.h"
#include "tandem/model/image_encoder.h"
#include "tandem/model/projector.h"
#include "tandem/model/text_decoder.h"
#include "tandem/model/text_encoder.h"
#include "tandem/nn/parameter_role.h"

namespace tandem {

/// What a forward pass returns, in the loss's order of arguments; fp32 whatever the model's
/// precision.
struct ClipEmbeddings {
  torch::Tensor image_embeddings = {};  ///< [B, embed_dim], unit norm if normalize_embeddings.
  torch::Tensor text_embeddings = {};   ///< [B, embed_dim], unit norm if normalize_embeddings.
};

/// Two towers, two projectors and a temperature. Radford et al., arXiv:2103.00020. Optionally a
/// text decoder and a head that matches images with texts. Li et al., arXiv:2201.12086.
class ClipModelImpl : public ModuleWithRoles {
 public:
  /// Weights are drawn from `seed`; without one they hold nothing yet. `options.text.vocab_size`
  /// must be known by now; `pretrained` and `freeze` are the business of make_model. Throws kConfig
  /// with every value out of range and every contradiction (validate).
  explicit ClipModelImpl(const ModelOptions& options, std::optional<uint64_t> seed = 0);

  /// Returns both embeddings of B pairs; needs both towers. `images` as ImageEncoder takes them.
  ClipEmbeddings forward(const torch::Tensor& images, const TokenBatch& tokens);
  /// Return [B, embed_dim], unit norm if normalize_embeddings, fp32. Throw kUsage for a model
  /// without this tower.
  torch::Tensor encode_images(const torch::Tensor& images);
  torch::Tensor encode_texts(const TokenBatch& tokens);

  /// Returns the states of an image's tokens after the last norm, [B, N, image.width]: what the
  /// decoder and `match` read. Throws kUsage for a model without an image tower.
  torch::Tensor encode_image_states(const torch::Tensor& images);
  /// Returns what encode_images returns, from these states.
  torch::Tensor embed_image_states(const torch::Tensor& image_states);
  /// Returns the matching logits [B, 2] of texts with images, image_states [B, N, image.width],
  /// fp32; the second one is that of a match. With B / m images, m texts in a row are matched
  /// with each. Throws kUsage for a model without text.cross_attention.
  torch::Tensor match(const torch::Tensor& image_states, const TokenBatch& tokens);

  /// The logarithm of the inverse temperature: a fp32 scalar parameter. logits = exp(logit_scale) ·
  /// image · textᵀ.
  [[nodiscard]] const torch::Tensor& logit_scale() const { return logit_scale_; }
  /// What is added to every logit: a fp32 scalar parameter, undefined without
  /// ModelOptions::logit_bias. The symmetric contrastive loss does not depend on it.
  [[nodiscard]] const torch::Tensor& logit_bias() const { return logit_bias_; }
  /// Brings logit_scale back into [0, logit_scale_max], outside autograd; the trainer calls it
  /// after each step.
  void clamp_logit_scale();
  /// Makes the masks of the next forward pass follow from `seed`.
  void seed_dropout(uint64_t seed);
  /// TransformerImpl::recompute_activations for both towers.
  void recompute_activations(bool on);
  [[nodiscard]] bool recomputes_activations() const { return recomputes_; }
  [[nodiscard]] const ModelOptions& options() const { return options_; }

  TextEncoder text{nullptr};    ///< Null without this tower, and its projector with it.
  ImageEncoder image{nullptr};  ///< Likewise.
  Projector text_projector{nullptr};
  Projector image_projector{nullptr};
  TextDecoder decoder{nullptr};   ///< Null with decoder.layers = 0.
  Linear matching_head{nullptr};  ///< [2, text.width]; null without text.cross_attention.

 private:
  torch::Tensor embed(torch::Tensor features, Projector projector) const;

  ModelOptions options_;
  bool recomputes_ = false;
  std::shared_ptr<DropoutStream> text_dropout_ = std::make_shared<DropoutStream>();
  std::shared_ptr<DropoutStream> image_dropout_ = std::make_shared<DropoutStream>();
  std::shared_ptr<DropoutStream> decoder_dropout_ = std::make_shared<DropoutStream>();
  torch::Tensor logit_scale_;
  torch::Tensor logit_bias_;
};
TORCH_MODULE(ClipModel);

/// Converts towers, projectors, decoder and matching head to `dtype`; logit_scale, logit_bias and
/// the pixel statistics stay fp32.
void set_precision(ClipModel model, torch::ScalarType dtype);

/// Returns the model of `options` with its `pretrained` weights loaded and its `freeze` switches
/// applied (requires_grad off). Loading is strict: throws kCheckpoint with every missing,
/// unexpected and misshapen tensor; only an image's position table of another size is interpolated
/// (bicubic), and a decoder, a matching head or cross attention
/// of which the file has nothing is drawn from `seed`; the log says so. Without a seed weights hold
/// nothing, and none are read: for a model whose own come next. Throws kConfig as ClipModel does,
/// kMissingInput and kIo.
[[nodiscard]] ClipModel make_model(const ModelOptions& options, std::optional<uint64_t> seed);

}  // namespace tandem
