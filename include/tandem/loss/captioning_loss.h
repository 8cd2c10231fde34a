#pragma once

#include <cstdint>

#include <torch/types.h>

#include "tandem/core/token_batch.h"

namespace tandem {

/// What a decoder reads of a batch of texts, and which tokens it has to predict.
struct NextTokens {
  TokenBatch inputs;      ///< Every text without its last token; one of a single token keeps it.
  torch::Tensor rows;     ///< int64 [R]: the rows of `inputs` whose next token is scored.
  torch::Tensor targets;  ///< int64 [R]: those next tokens.
};

/// Returns what teacher forcing needs: the decoder reads each text up to its last token but one and
/// predicts every token after the first `prompt_length`, which must be at least 1 (the first token
/// is given, not predicted). Texts of no more tokens than that are read but not scored. `texts` is
/// on the CPU, and so is the result.
[[nodiscard]] NextTokens next_tokens(const TokenBatch& texts, int64_t prompt_length = 1);

/// Returns the sum of the cross-entropies of R next tokens, a fp32 scalar: divide by the R of the
/// whole batch for the mean. The target of row r is 1 − label_smoothing on targets[r] and
/// label_smoothing / V on every token. logits: [R, V]; targets: int64 [R]. Szegedy et al.,
/// "Rethinking the Inception Architecture", arXiv:1512.00567, section 7.
[[nodiscard]] torch::Tensor captioning_loss(const torch::Tensor& logits,
                                            const torch::Tensor& targets,
                                            double label_smoothing = 0.0);

}  // namespace tandem
