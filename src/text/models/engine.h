#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tandem/text/tokenizer.h"

namespace tandem {

/// The ids that have a meaning; -1 where the vocabulary has none.
struct SpecialIds {
  int32_t bos = -1;
  int32_t eos = -1;
  int32_t pad = -1;
  int32_t unk = -1;
};

/// A tokenizer in the form of Hugging Face's `tokenizers` package.
struct HuggingFaceTokenizer {
  std::string json = {};                 ///< A tokenizer.json that gives the same ids.
  std::vector<std::string> tokens = {};  ///< By id; empty where there is none.
  /// Text that looks like a special token is text: `split_special_tokens` of transformers.
  bool special_text_is_text = false;
  /// Of this way, the file leaves out what it cannot say: HTML's character references and ftfy's
  /// repairs.
  TextCleaning cleaning = TextCleaning::kAsFile;
};

/// One kind of tokenizer. Immutable: threads may share it.
class TokenizerEngine {
 public:
  virtual ~TokenizerEngine() = default;
  /// As Tokenizer's. The length has been checked to be at least 2; ids to be in the vocabulary.
  [[nodiscard]] virtual Encoding encode(std::string_view text, int64_t context_length) const = 0;
  [[nodiscard]] virtual std::string decode(const std::vector<int32_t>& ids) const = 0;
  [[nodiscard]] virtual int64_t vocab_size() const = 0;
  [[nodiscard]] virtual SpecialIds special_ids() const = 0;
  /// What save() writes, and under which name a model directory keeps it.
  [[nodiscard]] virtual const std::string& content() const = 0;
  [[nodiscard]] virtual std::string file_name() const = 0;
  /// Throws kConfig for a sentencepiece model that marks spaces at the end of words.
  [[nodiscard]] virtual HuggingFaceTokenizer to_hugging_face() const = 0;
};

}  // namespace tandem
