#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/steps/json_view.h"

namespace tandem {

/// A text on its way through normalisation.
struct NormalizedText {
  std::string text;
  size_t start_bytes =
      0;  ///< How many bytes at its front come from the original's first character.
};

/// A step that rewrites text. Immutable: threads may share it. Text is valid UTF-8 before and
/// after.
class Normalizer {
 public:
  virtual ~Normalizer() = default;
  virtual void apply(NormalizedText& text) const = 0;
};

/// Replaces the text by `rewrite(text)`, which works character by character, and keeps count of
/// what the first one became.
template <typename Rewrite>
void rewrite_text(NormalizedText& text, Rewrite rewrite) {
  std::string start = text.text.substr(0, text.start_bytes);
  rewrite(text.text);
  if (start.empty()) return;
  rewrite(start);
  text.start_bytes =
      text.text.starts_with(start) ? start.size() : std::min<size_t>(text.text.size(), 1);
}

/// Reads a `normalizer` of a tokenizer.json. Throws kCheckpoint for one that is not known.
[[nodiscard]] std::unique_ptr<Normalizer> read_normalizer(const JsonView& json);

/// sentencepiece's compiled rules, as `Precompiled` carries them: a Darts double array from byte
/// sequences to places in a block of replacements.
class CharsMap {
 public:
  /// Throws kCheckpoint, with `where`, for a damaged one.
  CharsMap(std::string_view bytes, const std::string& where);
  /// Rewrites each grapheme cluster that has a rule, else each character that has one.
  void apply(std::string& text) const;

 private:
  /// Returns what the shortest rule for a beginning of `part` says, or null.
  [[nodiscard]] const char* rule_for(std::string_view part) const;

  std::vector<uint32_t> units_;
  std::string replacements_;
};

/// BERT's cleaning; each part is a switch.
struct BertRules {
  bool clean_text = true;
  bool handle_chinese_chars = true;
  bool strip_accents = true;
  bool lowercase = true;
};
void apply_bert_rules(NormalizedText& text, const BertRules& rules);

}  // namespace tandem
