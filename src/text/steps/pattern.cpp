#include "text/steps/pattern.h"

#include <algorithm>

#include "text/unicode/unicode.h"

namespace tandem {
namespace {

constexpr std::string_view kGpt2 =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
constexpr std::string_view kClip = R"('s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+)";
constexpr std::string_view kClipSpecials = R"(<\|startoftext\|>|<\|endoftext\|>|)";
constexpr uint16_t kClasses = kLetter | kNumber | kSpace;

/// The class of a character to these expressions: a letter, a number, a space, or none of them.
uint16_t class_at(std::string_view text, size_t at, size_t& bytes) {
  const CodePoint c = code_point_at(text.data() + at);
  bytes = c.bytes;
  return char_flags(c.value) & kClasses;
}

size_t end_of_run(std::string_view text, size_t at, uint16_t wanted) {
  size_t bytes = 0;
  while (at < text.size() && class_at(text, at, bytes) == wanted) at += bytes;
  return at;
}

/// Returns the length of 's, 't, 're, 've, 'm, 'll or 'd at `at`, or 0.
size_t contraction(std::string_view text, size_t at) {
  if (text[at] != '\'' || at + 1 == text.size()) return 0;
  const char c = text[at + 1];
  if (c == 's' || c == 't' || c == 'm' || c == 'd') return 2;
  const std::string_view two = text.substr(at + 1, 2);
  return two == "re" || two == "ve" || two == "ll" ? 3 : 0;
}

/// Returns how much of `text` is `word`, with ſ for an s where it likes; 0 for another word.
size_t length_with_long_s(std::string_view text, std::string_view word) {
  size_t at = 0;
  for (const char c : word) {
    const std::string_view rest = text.substr(at);
    if (rest.starts_with(c)) {
      ++at;
    } else if (c == 's' && rest.starts_with("\u017F")) {
      at += 2;
    } else {
      return 0;
    }
  }
  return at;
}

/// Splits as CLIP does; `fixed_word` returns the length of a special token or a contraction that
/// the rest of the text begins with, or 0.
template <typename FixedWord, typename Visit>
void match_clip_words(std::string_view text, FixedWord fixed_word, Visit visit) {
  for (size_t at = 0; at < text.size();) {
    size_t end = at + fixed_word(text.substr(at));
    if (end == at) {
      size_t bytes = 0;
      const uint16_t kind = class_at(text, at, bytes);
      end = kind == kNumber ? at + bytes : end_of_run(text, at + bytes, kind);
      if (kind == kSpace) {
        at = end;
        continue;
      }
    }
    visit(at, end);
    at = end;
  }
}

/// A run of spaces that something follows leaves its last one to it.
size_t end_of_spaces(std::string_view text, size_t at) {
  const size_t end = end_of_run(text, at, kSpace);
  if (end == text.size()) return end;
  const size_t last = at + last_character(text.substr(at, end - at));
  return last > at ? last : end;
}

void match_spaces(std::string_view text, const MatchVisitor& visit) {
  size_t bytes = 0;
  for (size_t at = 0; at < text.size();) {
    const bool is_space = class_at(text, at, bytes) == kSpace;
    const size_t end = is_space ? end_of_run(text, at, kSpace) : at + bytes;
    if (is_space) visit(at, end);
    at = end;
  }
}

}  // namespace

void match_gpt2(std::string_view text, const MatchVisitor& visit) {
  for (size_t at = 0; at < text.size();) {
    size_t end = at + contraction(text, at);
    if (end == at) {
      const size_t word = at + (text[at] == ' ' && at + 1 < text.size() ? 1 : 0);
      size_t bytes = 0;
      const uint16_t kind = class_at(text, word, bytes);
      end = kind == kSpace ? end_of_spaces(text, at) : end_of_run(text, word + bytes, kind);
    }
    visit(at, end);
    at = end;
  }
}

void match_clip(std::string_view text, bool specials, const MatchVisitor& visit) {
  static constexpr std::string_view kSpecials[] = {"<|startoftext|>", "<|endoftext|>"};
  match_clip_words(
      text,
      [&](std::string_view rest) {
        if (specials && rest[0] == '<') {
          for (const std::string_view special : kSpecials)
            if (rest.starts_with(special)) return special.size();
        }
        return contraction(rest, 0);
      },
      visit);
}

void match_clip_original(std::string_view text, std::span<const std::string_view> specials,
                         const MatchVisitor& visit) {
  static constexpr std::string_view kYpogegrammeni = "\u0345";
  const auto fixed_word = [specials](std::string_view rest) -> size_t {
    if (rest[0] != '<' && rest[0] != '\'') return 0;
    for (const std::string_view special : specials)
      if (const size_t length = length_with_long_s(rest, special); length > 0) return length;
    return std::max(contraction(rest, 0), length_with_long_s(rest, "'s"));
  };
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(kYpogegrammeni, begin), text.size());
    match_clip_words(text.substr(begin, end - begin), fixed_word,
                     [&](size_t first, size_t last) { visit(begin + first, begin + last); });
    begin = end + kYpogegrammeni.size();
  }
}

Pattern Pattern::literal(std::string text) {
  Pattern pattern;
  pattern.literal_ = std::move(text);
  return pattern;
}

Pattern Pattern::expression(const std::string& regex, const std::string& where) {
  Pattern pattern;
  if (regex == kGpt2) {
    pattern.kind_ = Kind::kGpt2;
  } else if (regex == kClip) {
    pattern.kind_ = Kind::kClip;
  } else if (regex == std::string(kClipSpecials) + std::string(kClip)) {
    pattern.kind_ = Kind::kClipWithSpecials;
  } else if (regex == "\\s+") {
    pattern.kind_ = Kind::kSpaces;
  } else {
    pattern.kind_ = Kind::kRegex;
    pattern.regex_.emplace(regex, where);
  }
  return pattern;
}

void Pattern::for_each_match(std::string_view text, const MatchVisitor& visit) const {
  switch (kind_) {
    case Kind::kGpt2: return match_gpt2(text, visit);
    case Kind::kClip: return match_clip(text, false, visit);
    case Kind::kClipWithSpecials: return match_clip(text, true, visit);
    case Kind::kSpaces: return match_spaces(text, visit);
    case Kind::kRegex: return regex_->for_each_match(text, visit);
    case Kind::kLiteral: break;
  }
  if (literal_.empty()) return;
  for (size_t at = text.find(literal_); at != std::string_view::npos;
       at = text.find(literal_, at + literal_.size())) {
    visit(at, at + literal_.size());
  }
}

Pattern read_pattern(const JsonView& json) {
  if (json.has("String")) return Pattern::literal(json.at("String").string());
  const JsonView regex = json.at("Regex");
  return Pattern::expression(regex.string(), regex.path());
}

}  // namespace tandem
