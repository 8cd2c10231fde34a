#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "text/steps/json_view.h"
#include "text/steps/regex.h"

namespace tandem {

using MatchVisitor = std::function<void(size_t begin, size_t end)>;

/// Calls `visit` for each match of GPT-2's expression
/// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`.
void match_gpt2(std::string_view text, const MatchVisitor& visit);

/// The same for CLIP's `'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`; with
/// `specials`, `<|startoftext|>` and `<|endoftext|>` go first, as in some of its files.
void match_clip(std::string_view text, bool specials, const MatchVisitor& visit);

/// The same as the original, on lower-case text, with `specials` first. The original ignores case,
/// so that ſ is an s in `specials` and in 's, and U+0345 is neither a letter nor anything else.
void match_clip_original(std::string_view text, std::span<const std::string_view> specials,
                         const MatchVisitor& visit);

/// What a Split or a Replace looks for. Expressions that are common are state machines written by
/// hand, any other goes through Regex. Immutable: threads may share it.
class Pattern {
 public:
  static Pattern literal(std::string text);
  /// Throws as Regex does.
  static Pattern expression(const std::string& regex, const std::string& where);

  /// Calls `visit` for each match in valid UTF-8, from left to right.
  void for_each_match(std::string_view text, const MatchVisitor& visit) const;

 private:
  enum class Kind { kLiteral, kGpt2, kClip, kClipWithSpecials, kSpaces, kRegex };
  Kind kind_ = Kind::kLiteral;
  std::string literal_;
  std::optional<Regex> regex_;
};

/// Reads `{"String": …}` or `{"Regex": …}`.
[[nodiscard]] Pattern read_pattern(const JsonView& json);

}  // namespace tandem
