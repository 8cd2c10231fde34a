#include "model/decoding/token_rules.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <torch/utils.h>

namespace tandem {
namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();

void penalise_repetition(torch::Tensor& scores, const torch::Tensor& ids, double penalty) {
  const torch::Tensor found = scores.gather(1, ids);  // [R, L]
  scores.scatter_(1, ids, torch::where(found < 0, found * penalty, found / penalty));
}

// Tokens that would make the last n tokens of the text a repetition.
std::vector<int32_t> blocked_tokens(const TextSoFar& text, size_t n) {
  std::vector<int32_t> blocked;
  if (text.size() < n) return blocked;
  const auto tail = text.end() - static_cast<long>(n - 1);
  for (size_t start = 0; start + n <= text.size(); ++start) {
    const auto first = text.begin() + static_cast<long>(start);
    if (std::equal(tail, text.end(), first)) blocked.push_back(text[start + n - 1]);
  }
  return blocked;
}

void block_ngrams(torch::Tensor& scores, const std::vector<TextSoFar>& texts, size_t n) {
  std::vector<int64_t> rows, tokens;
  for (size_t row = 0; row < texts.size(); ++row) {
    for (const int32_t token : blocked_tokens(texts[row], n)) {
      rows.push_back(static_cast<int64_t>(row));
      tokens.push_back(token);
    }
  }
  if (rows.empty()) return;
  const torch::Device device = scores.device();
  scores.index_put_({torch::tensor(rows).to(device), torch::tensor(tokens).to(device)},
                    torch::tensor(kNever).to(device));
}

}  // namespace

torch::Tensor ids_of_texts(const std::vector<TextSoFar>& texts, size_t first,
                           const torch::Device& device) {
  std::vector<int64_t> ids;
  for (const TextSoFar& text : texts)
    ids.insert(ids.end(), text.begin() + static_cast<long>(first), text.end());
  return torch::tensor(ids).view({static_cast<int64_t>(texts.size()), -1}).to(device);
}

void apply_token_rules(torch::Tensor& scores, const std::vector<TextSoFar>& texts,
                       const GenerationOptions& options, int64_t eos_id) {
  if (options.repetition_penalty != 1.0) {
    penalise_repetition(scores, ids_of_texts(texts, 0, scores.device()),
                        options.repetition_penalty);
  }
  if (options.no_repeat_ngram > 0)
    block_ngrams(scores, texts, static_cast<size_t>(options.no_repeat_ngram));
  const size_t new_tokens = texts.front().size() - prompt_length(options);
  if (new_tokens < static_cast<size_t>(options.min_new_tokens))
    scores.select(1, eos_id).fill_(kNever);
}

TextSoFar first_tokens(const GenerationOptions& options, int64_t bos_id) {
  TextSoFar text = {static_cast<int32_t>(bos_id)};
  text.insert(text.end(), options.prompt.begin(), options.prompt.end());
  return text;
}

float length_score(float log_probability, size_t tokens, double length_penalty) {
  return log_probability /
         static_cast<float>(std::pow(static_cast<double>(tokens), length_penalty));
}

GeneratedText finished_text(const TextSoFar& text, double log_probability,
                            const GenerationOptions& options, int64_t eos_id) {
  const size_t first = prompt_length(options);
  GeneratedText result{.ids = {text.begin() + static_cast<long>(first), text.end()},
                       .score = length_score(static_cast<float>(log_probability),
                                             text.size() - first, options.length_penalty),
                       .ended = text.back() == eos_id};
  if (result.ended) result.ids.pop_back();
  return result;
}

}  // namespace tandem
