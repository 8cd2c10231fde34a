#include "tandem/model/generation.h"

#include <algorithm>

#include <fmt/format.h>
#include <torch/utils.h>

#include "model/decoding/beam_search.h"
#include "model/decoding/one_by_one.h"
#include "tandem/core/error.h"

namespace tandem {
namespace {

void require(bool holds, const char* option, const char* expected, const std::string& found) {
  if (holds) return;
  throw Error(ErrorKind::kUsage, {.what = "an option of generation is out of range",
                                  .where = option,
                                  .expected = expected,
                                  .found = found});
}

void check_prompt(const GenerationOptions& options, const TextDecoderOptions& decoder) {
  const auto valid = [&](int32_t id) { return id >= 0 && id < decoder.vocab_size; };
  const auto wrong = std::ranges::find_if_not(options.prompt, valid);
  if (wrong != options.prompt.end()) {
    throw Error(ErrorKind::kUsage, {.what = "the prompt holds an id that the decoder does not know",
                                    .where = "prompt",
                                    .expected = fmt::format("0 to {}", decoder.vocab_size - 1),
                                    .found = std::to_string(*wrong)});
  }
  const auto prompt = static_cast<int64_t>(options.prompt.size());
  // The token that begins a text is read as well, the last new one is not.
  const int64_t room = decoder.context_length - prompt;
  if (options.max_new_tokens <= room) return;
  throw Error(
      ErrorKind::kUsage,
      {.what = "prompt and new tokens do not fit into the decoder's context",
       .where = "max_new_tokens",
       .expected = fmt::format("{} at most: context_length = {} less {} tokens of the prompt",
                               std::max<int64_t>(room, 0), decoder.context_length, prompt),
       .found = std::to_string(options.max_new_tokens),
       .hint = room < 1 ? "a shorter prompt" : ""});
}

void check_options(const GenerationOptions& options, const TextDecoderOptions& decoder) {
  const auto text = [](auto value) { return fmt::format("{}", value); };
  if (options.strategy == DecodingStrategy::kBeam) {
    require(options.beams >= 1 && 2 * options.beams < decoder.vocab_size, "beams",
            "at least 1, and fewer than half the vocabulary", text(options.beams));
  }
  if (options.strategy == DecodingStrategy::kNucleus) {
    require(options.top_p > 0.0 && options.top_p <= 1.0, "top_p", "above 0, at most 1",
            text(options.top_p));
    require(options.temperature > 0.0, "temperature", "above 0", text(options.temperature));
  }
  require(options.max_new_tokens >= 1, "max_new_tokens", "at least 0",
          text(options.max_new_tokens));
  require(options.min_new_tokens >= 0 && options.min_new_tokens < options.max_new_tokens,
          "min_new_tokens", "at least 0, and fewer than max_new_tokens",
          text(options.min_new_tokens));
  require(options.no_repeat_ngram >= 0, "no_repeat_ngram", "at least 0",
          text(options.no_repeat_ngram));
  require(options.repetition_penalty > 0.0, "repetition_penalty", "above 0",
          text(options.repetition_penalty));
  check_prompt(options, decoder);
}

// With max_new_tokens as many as fit, where it is 0; at least 1, so that a prompt without room is
// named.
GenerationOptions resolved(GenerationOptions options, const TextDecoderOptions& decoder) {
  const int64_t room = decoder.context_length - static_cast<int64_t>(options.prompt.size());
  if (options.max_new_tokens == 0) options.max_new_tokens = std::max<int64_t>(room, 1);
  return options;
}

}  // namespace

std::vector<GeneratedText> generate(TextDecoder decoder, const torch::Tensor& image_states,
                                    const GenerationOptions& given,
                                    const std::vector<int64_t>& numbers) {
  const GenerationOptions options = resolved(given, decoder->options());
  check_options(options, decoder->options());
  TORCH_CHECK(numbers.empty() || static_cast<int64_t>(numbers.size()) == image_states.size(0),
              "expected a number for each of ", image_states.size(0), " images, got ",
              numbers.size());
  if (image_states.size(0) == 0) return {};
  const torch::NoGradGuard no_gradient;
  if (options.strategy == DecodingStrategy::kBeam)
    return beam_search(std::move(decoder), image_states, options);
  return generate_one_by_one(std::move(decoder), image_states, options, numbers);
}

}  // namespace tandem
