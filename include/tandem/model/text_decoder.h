#pragma once

#include <memory>

#include <torch/nn/pimpl.h>

#include "tandem/config/model_options.h"
#include "tandem/core/token_batch.h"
#include "tandem/model/text_encoder.h"
#include "tandem/nn/key_value_cache.h"
#include "tandem/nn/layer_norm.h"
#include "tandem/nn/linear.h"
#include "tandem/nn/parameter_role.h"
#include "tandem/nn/transformer.h"

namespace tandem {

/// Causal transformer over packed tokens with cross attention to an image, and a head over the
/// vocabulary: Linear → activation → LayerNorm → the token table transposed + bias
/// (TextDecoderOptions names its variants). Li et al., "BLIP", arXiv:2201.12086.
///
/// Images are given as the image tower's states of all tokens, image_states [B, N, image_width]
/// (ImageEncoderImpl::encode_patches).
class TextDecoderImpl : public ModuleWithRoles {
 public:
  /// `options.vocab_size` must be known by now. `text` is the tower that the decoder shares its
  /// modules with, null without `options.share`; `stream` must then be that tower's. The options
  /// must have passed validate.
  TextDecoderImpl(const TextDecoderOptions& options, int64_t image_width,
                  std::shared_ptr<DropoutStream> stream, const TextEncoder& text = nullptr);

  /// Returns the state of every token, [T, width], from which logits predicts the next one, or
  /// those of the rows `output_rows` (int64 [R]) alone, [R, width], if it is defined: a loss needs
  /// the scored positions only. There are as many texts as images, or m times as many: then texts
  /// b · m to b · m + m - 1 read image b. Throws c10::Error for another count and for a text
  /// longer than context_length.
  torch::Tensor forward(const TokenBatch& tokens, const torch::Tensor& image_states,
                        const torch::Tensor& output_rows = {});
  /// Returns [R, vocab_size] for states [R, width], in the parameters' dtype.
  torch::Tensor logits(const torch::Tensor& states);

  /// Returns a cache that holds the keys and values of the images, made once, and no token.
  [[nodiscard]] DecodingCache start(const torch::Tensor& image_states);
  /// Appends the next tokens of every text, ids int64 [R, L], to the cache and returns the states
  /// of the last ones, [R, width]. R is the number of images in the cache, or m times that, as in
  /// forward: beams do not copy their image. Throws c10::Error for other counts, and for more
  /// than context_length tokens in all.
  torch::Tensor step(const torch::Tensor& ids, DecodingCache& cache);

  /// Draws new weights from `generator`: init_parameters with init_std. Those of the text tower
  /// stay as they are.
  void reset_parameters(at::Generator generator);
  [[nodiscard]] const TextDecoderOptions& options() const { return options_; }

  torch::Tensor token_embedding;     ///< [vocab_size, width]; with `share` the text tower's
  torch::Tensor position_embedding;  ///< [context_length, width]; kRoberta: pad_id + 1 rows more
  torch::Tensor type_embedding;      ///< [type_vocab_size, width], or undefined
  LayerNorm embedding_norm{nullptr};
  Transformer layers{nullptr};
  LayerNorm final_norm{nullptr};
  Linear head_dense{nullptr};
  LayerNorm head_norm{nullptr};
  torch::Tensor head_bias;  ///< [vocab_size]

 private:
  void make_tables();
  void share_tables(const TextEncoderImpl& text);
  torch::Tensor embed(const torch::Tensor& ids, const torch::Tensor& positions);

  TextDecoderOptions options_;
  Dropout dropout_;
};
TORCH_MODULE(TextDecoder);

}  // namespace tandem
