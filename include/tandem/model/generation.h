#pragma once

#include <cstdint>
#include <vector>

#include <torch/types.h>

#include "tandem/model/text_decoder.h"

namespace tandem {

/// How the next token is chosen. kGreedy takes the most probable one, kBeam keeps the `beams` most
/// probable texts so far, kNucleus draws from the smallest set of tokens whose probabilities sum to
/// `top_p`. Holtzman et al., "The Curious Case of Neural Text Degeneration", arXiv:1904.09751.
enum class DecodingStrategy { kGreedy, kBeam, kNucleus };

struct GenerationOptions {
  DecodingStrategy strategy = DecodingStrategy::kGreedy;
  int64_t beams = 3;              ///< Of kBeam.
  double top_p = 0.9;             ///< Of kNucleus, in (0, 1].
  double temperature = 1.0;       ///< Of kNucleus: divides the logits.
  uint64_t seed = 0;              ///< Of kNucleus.
  int64_t min_new_tokens = 0;     ///< Tokens before the end token may come; without the prompt.
  int64_t max_new_tokens = 0;     ///< Tokens at most, the end token included; likewise. 0: as many
                                  ///< as fit into context_length.
  double length_penalty = 1.0;    ///< A text's score is divided by its number of new tokens to this
                                  ///< power: above 0 favours long texts.
  int64_t no_repeat_ngram = 0;    ///< No sequence of this many tokens comes twice; 0: any may.
  double repetition_penalty = 1;  ///< Above 1: tokens of the text so far become less probable.
                                  ///< Keskar et al., "CTRL", arXiv:1909.05858.
  std::vector<int32_t> prompt = {};  ///< Ids that follow bos_id in every text.
};

/// A text that a decoder wrote.
struct GeneratedText {
  std::vector<int32_t> ids = {};  ///< The new tokens: without prompt and end token.
  double score = 0.0;             ///< Sum of log-probabilities of the new tokens, the end token
                                  ///< included, divided as length_penalty says.
  bool ended = false;             ///< Whether the end token came, before max_new_tokens.
};

/// Writes a text for each image, image_states [B, N, image_width], B of any size. The decoder
/// should be in evaluation mode. A text depends on its image and the options only, and with
/// kNucleus on its number, `numbers[b]`, or b without `numbers`: not on the batch, up to the
/// rounding of matrix products. Throws kUsage for options out of range, a prompt with ids that are
/// none of the vocabulary, and a prompt and max_new_tokens that do not fit into context_length.
[[nodiscard]] std::vector<GeneratedText> generate(TextDecoder decoder,
                                                  const torch::Tensor& image_states,
                                                  const GenerationOptions& options,
                                                  const std::vector<int64_t>& numbers = {});

}  // namespace tandem
