#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "text/models/engine.h"

namespace tandem {

/// What happens to a text before a sentencepiece model sees it.
enum class PieceCleaning : uint8_t {
  kNone,
  kCaption,      ///< clean_caption.
  kSiglip,       ///< SiglipTokenizer of transformers 5: no ASCII punctuation, white space joined;
                 ///< `</s>` and `<unk>` in a text are these pieces.
  kSiglipLower,  ///< The same and Python's lower case.
};

/// How a sentencepiece model is used, which its file does not say.
struct SentencePieceScheme {
  bool adds_bos = true;
  bool adds_eos = true;
  PieceCleaning cleaning = PieceCleaning::kCaption;
  bool fairseq = false;        ///< XLM-R's ids: one more than the model's, with <s>, <pad>, </s>,
                               ///< <unk> at 0 to 3 and <mask> at the end.
  bool pads_with_eos = false;  ///< Rather than with the model's own pad piece.
};

/// Makes a tokenizer of a `.model` file. Without a scheme, the one that the file carries (in a
/// field that sentencepiece passes over) or Tandem's own is used. Throws kCheckpoint.
[[nodiscard]] std::unique_ptr<TokenizerEngine> make_sentencepiece_engine(
    std::string model, const std::string& where, bool lowercase,
    const std::optional<SentencePieceScheme>& scheme = std::nullopt);

}  // namespace tandem
