#pragma once

#include <memory>
#include <vector>

#include <torch/nn/pimpl.h>

#include "tandem/config/model_options.h"
#include "tandem/core/token_batch.h"
#include "tandem/nn/layer_norm.h"
#include "tandem/nn/parameter_role.h"
#include "tandem/nn/transformer.h"

namespace tandem {

struct TokenTables;

/// RoBERTa-style transformer over packed tokens (TextEncoderOptions names its variants). No row is
/// ever spent on padding, so a text's features do not depend on the texts beside it.
class TextEncoderImpl : public ModuleWithRoles {
 public:
  /// `options.vocab_size` must be known by now, and with cross_attention the width of an image's
  /// states. Throws kConfig for contradictions.
  TextEncoderImpl(const TextEncoderOptions& options, std::shared_ptr<DropoutStream> stream,
                  int64_t image_width = 0);

  /// Returns text_features [B, width], not normalised, in the parameters' dtype.
  torch::Tensor forward(const TokenBatch& tokens);
  /// Returns the state of every token before pooling, [T, width]; with pad_to_context of every
  /// place, [B * context_length, width]. Appends to `states`, if given, what enters the first block
  /// and what leaves each one, layers + 1 tensors of this shape.
  torch::Tensor encode_tokens(const TokenBatch& tokens,
                              std::vector<torch::Tensor>* states = nullptr);
  /// Returns the state of each text's first token, [B, width], with cross attention to images,
  /// image_states [B, N, image_width]; with B / m images, m texts in a row read each. The first
  /// token is match_id if there is one. Needs cross_attention.
  torch::Tensor match_states(const TokenBatch& tokens, const torch::Tensor& image_states);
  /// The tables of its embeddings, for a decoder that shares them.
  [[nodiscard]] TokenTables tables() const;
  /// Draws new weights from `generator`: init_parameters with init_std.
  void reset_parameters(at::Generator generator);

  torch::Tensor token_embedding;     ///< [vocab_size, width]
  torch::Tensor position_embedding;  ///< [context_length, width]; kRoberta: pad_id + 1 rows more
  torch::Tensor type_embedding;      ///< [type_vocab_size, width], or undefined
  LayerNorm embedding_norm{nullptr};
  Transformer layers{nullptr};
  LayerNorm final_norm{nullptr};
  Linear pooler{nullptr};

 private:
  void check_length(const TokenBatch& tokens) const;
  TokenBatch filled(const TokenBatch& tokens) const;
  torch::Tensor positions(const TokenBatch& tokens) const;
  torch::Tensor embed(const torch::Tensor& ids, const torch::Tensor& positions);
  torch::Tensor run_layers(const TokenBatch& tokens, const torch::Tensor& output_rows,
                           std::vector<torch::Tensor>* states = nullptr);
  torch::Tensor pooled_rows(const TokenBatch& tokens) const;
  torch::Tensor mean_over_padding(const TokenBatch& tokens);

  TextEncoderOptions options_;
  Dropout dropout_;
};
TORCH_MODULE(TextEncoder);

}  // namespace tandem
