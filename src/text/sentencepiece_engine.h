#pragma once

#include <memory>
#include <optional>
#include <string>

#include "text/engine.h"

namespace tandem {

/// How a sentencepiece model is used, which its file does not say.
struct SentencePieceScheme {
  bool adds_bos = true;
  bool adds_eos = true;
  bool cleans = true;    ///< Text goes through clean_caption first.
  bool fairseq = false;  ///< XLM-R's ids: one more than the model's, with <s>, <pad>, </s>, <unk>
                         ///< at 0 to 3 and <mask> at the end.
};

/// Makes a tokenizer of a `.model` file. Without a scheme, the one that the file carries (in a
/// field that sentencepiece passes over) or Tandem's own is used. Throws kCheckpoint.
[[nodiscard]] std::unique_ptr<TokenizerEngine> make_sentencepiece_engine(
    std::string model, const std::string& where, bool lowercase,
    const std::optional<SentencePieceScheme>& scheme = std::nullopt);

}  // namespace tandem
