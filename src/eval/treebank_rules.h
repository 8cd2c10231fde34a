#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "eval/treebank_characters.h"

namespace tandem {

/// What a rule finds at a place of a line: a token that ends at `end`, and how far it had to look
/// to be sure of it. `end` 0 is no token.
struct TreebankMatch {
  size_t end = 0;
  size_t reach = 0;
};

/// A token for which looking further changes nothing.
[[nodiscard]] inline TreebankMatch up_to(size_t end) { return {end, end}; }

/// Returns the first place from `at` on whose character does not pass `test`.
template <typename Test>
[[nodiscard]] size_t skip_while(const TreebankLine& line, size_t at, Test test) {
  while (at < line.size() && test(line[at])) ++at;
  return at;
}

[[nodiscard]] inline bool is_one_of(char32_t c, std::u32string_view set) {
  return set.find(c) != std::u32string_view::npos;
}

using TreebankRule = TreebankMatch (*)(const TreebankLine& line, size_t at);

/// The rules of words, contractions, abbreviations, hyphens and addresses, by rank.
[[nodiscard]] std::span<const TreebankRule> treebank_word_rules();

/// The rules of numbers, file names, quotes, runs of punctuation, tags and faces, by rank after
/// those of words.
[[nodiscard]] std::span<const TreebankRule> treebank_symbol_rules();

}  // namespace tandem
