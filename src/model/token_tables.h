#pragma once

#include <torch/types.h>

#include "tandem/config/model_options.h"
#include "tandem/config/tower_shape.h"
#include "tandem/core/token_batch.h"
#include "tandem/nn/layer_norm.h"
#include "tandem/nn/transformer.h"

namespace tandem {

/// The tables that a text tower or decoder makes its first states of.
struct TokenTables {
  torch::Tensor token = {};     ///< [vocab_size, width]
  torch::Tensor position = {};  ///< [positions, width]
  torch::Tensor type = {};      ///< [type_vocab_size, width], or undefined
  LayerNorm norm{nullptr};      ///< Or null.
};

/// Returns the blocks of a text tower or decoder. With `context_width` they have cross attention.
[[nodiscard]] TransformerOptions text_blocks(const auto& text, bool causal, int64_t context_width) {
  return {.width = text.width,
          .layers = text.layers,
          .heads = text.heads,
          .mlp_width = hidden_width(text),
          .activation = text.activation,
          .norm_order = text.norm_order,
          .norm_eps = text.norm_eps,
          .causal = causal,
          .dropout = text.dropout,
          .attention_dropout = text.attention_dropout,
          .context_width = context_width};
}

/// Returns the position id of a text's first token.
[[nodiscard]] int64_t first_position(PositionStyle style, int64_t pad_id);

/// Return which text each row belongs to, and its position id where the first token has `first`:
/// int64 [T].
[[nodiscard]] torch::Tensor text_of_row(const TokenBatch& tokens);
[[nodiscard]] torch::Tensor position_ids(const TokenBatch& tokens, int64_t first);

/// Ids whose rows are never trained; -1 for none.
struct PaddingIds {
  int64_t token = -1;
  int64_t position = -1;
};

/// Returns those of RoBERTa's and BERT's embeddings. In CLIP's vocabulary, which has no embedding
/// norm, the padding id is a word, too; SigLIP reads its padding.
[[nodiscard]] PaddingIds untrained_ids(const auto& text) {
  return {.token = text.embedding_norm ? text.pad_id : -1,
          .position = text.position_style == PositionStyle::kRoberta ? text.pad_id : -1};
}

/// Returns the states [T, width] of ids and positions (int64 [T]), before dropout.
[[nodiscard]] torch::Tensor embed_tokens(const TokenTables& tables, const torch::Tensor& ids,
                                         const torch::Tensor& positions, const PaddingIds& padding);

}  // namespace tandem
