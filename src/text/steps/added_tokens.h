#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "text/steps/byte_trie.h"
#include "text/steps/normalizer.h"
#include "text/steps/pieces.h"

namespace tandem {

/// A token that is found in the text itself, before the model sees it.
struct AddedToken {
  std::string content;
  int32_t id = -1;
  bool single_word = false;  ///< Matches only where no word character touches it.
  bool lstrip = false;       ///< Takes the white space before it along.
  bool rstrip = false;       ///< Takes the white space after it along.
  bool normalized = true;    ///< Is looked for in the normalised text.
  bool special = false;      ///< Is left out of decoded text.
};

/// Finds added tokens. Immutable: threads may share it.
class AddedTokens {
 public:
  AddedTokens() = default;
  /// `normalizer` may be null.
  AddedTokens(std::vector<AddedToken> tokens, const Normalizer* normalizer);

  /// Cuts the tokens out of a text, which is normalised in between: first those that match the
  /// original text, then those that match the normalised one.
  void split(std::string_view text, const Normalizer* normalizer, Pieces& pieces) const;

  [[nodiscard]] const std::vector<AddedToken>& tokens() const { return tokens_; }

 private:
  void cut(const Piece& piece, const ByteTrie& trie, Pieces& pieces) const;

  std::vector<AddedToken> tokens_;
  std::vector<std::string> normalized_;  ///< What each looks like after normalisation.
  ByteTrie original_trie_;
  ByteTrie normalized_trie_;
};

}  // namespace tandem
