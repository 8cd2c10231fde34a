#pragma once

#include <string>
#include <vector>

#include "text/models/engine.h"
#include "text/sentencepiece/sentencepiece_engine.h"
#include "text/sentencepiece/sentencepiece_proto.h"

namespace tandem {

/// How a sentencepiece model is used in Tandem.
struct SentencePieceUse {
  SentencePieceScheme scheme = {};
  SpecialIds special = {};
  std::string first_chars_map = {};  ///< Applied before the model's own; empty for none.
};

/// Returns the pieces by their ids in Tandem: XLM-R's vocabulary counts from fairseq's four.
[[nodiscard]] std::vector<SentencePieceFile::Piece> pieces_by_id(const SentencePieceFile& file,
                                                                 const SentencePieceUse& use);

/// Returns the tokenizer.json that gives the same ids in Hugging Face's `tokenizers`: vocabulary
/// and scores (or merges), the compiled normalizer, clean_caption's rules as replacements, bos and
/// eos around a text. Its special tokens are not in `added_tokens`: in a caption they are text. Ids
/// may differ for combining marks out of canonical order, after a ligature, or after a capital
/// that composes with the mark only in lower case (H̱, J̌, T̈, W̊, Y̊); for U+2581, beside
/// user-defined pieces, and where two cuts are equally good; clean_caption's limit of 4096 bytes is
/// left out. Throws kConfig for a model that marks spaces at the end of words.
[[nodiscard]] std::string sentencepiece_json(const SentencePieceFile& file,
                                             const SentencePieceUse& use);

}  // namespace tandem
