#pragma once

#include <vector>

#include <torch/types.h>

#include "tandem/model/generation.h"

namespace tandem {

/// The ids of a text so far: bos_id, the prompt and the new tokens.
using TextSoFar = std::vector<int32_t>;

/// Changes scores [R, V] of the next tokens, logits or log-probabilities, in place: repetition
/// penalty, blocked n-grams, and no end token before min_new_tokens. All texts have one length.
void apply_token_rules(torch::Tensor& scores, const std::vector<TextSoFar>& texts,
                       const GenerationOptions& options, int64_t eos_id);

/// Returns the texts as int64 [R, L], from token `first` on.
[[nodiscard]] torch::Tensor ids_of_texts(const std::vector<TextSoFar>& texts, size_t first,
                                         const torch::Device& device);

/// Returns the ids that every text begins with: bos_id and the prompt.
[[nodiscard]] TextSoFar first_tokens(const GenerationOptions& options, int64_t bos_id);

/// Returns the number of tokens before the first new one.
[[nodiscard]] inline size_t prompt_length(const GenerationOptions& options) {
  return options.prompt.size() + 1;
}

/// Returns a text's result from all its ids and the sum of the log-probabilities of its new tokens.
[[nodiscard]] GeneratedText finished_text(const TextSoFar& text, double log_probability,
                                          const GenerationOptions& options, int64_t eos_id);

/// Returns a sum of log-probabilities of `tokens` tokens divided as length_penalty says.
[[nodiscard]] float length_score(float log_probability, size_t tokens, double length_penalty);

}  // namespace tandem
