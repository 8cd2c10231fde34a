#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tandem {

/// What tokenizers ask of a character. The answers are those of the Unicode versions that the
/// `tokenizers` package carries in each place, not of one version: see unicode_versions.cpp.
enum CharFlag : uint16_t {
  kLetter = 1 << 0,       ///< \p{L} of its regular expressions.
  kNumber = 1 << 1,       ///< \p{N} of its regular expressions.
  kSpace = 1 << 2,        ///< White_Space.
  kWord = 1 << 3,         ///< \w, as added tokens and the Whitespace splitter see it.
  kPunctuation = 1 << 4,  ///< ASCII punctuation and general category P.
  kMark = 1 << 5,         ///< General category M.
  kNonspacing = 1 << 6,   ///< General category Mn.
  kOther = 1 << 7,        ///< General categories Cc, Cf, Co: what BERT drops.
  kNumeric = 1 << 8,      ///< What the Digits splitter takes for a digit.
  kCombining = 1 << 9,    ///< What the StripAccents normalizer drops.
};

/// Returns the CharFlags of a code point. Thread-safe; the first call builds a table.
[[nodiscard]] uint16_t char_flags(char32_t c);
[[nodiscard]] inline bool has_flag(char32_t c, uint16_t flags) {
  return (char_flags(c) & flags) != 0;
}

/// A character of valid UTF-8.
struct CodePoint {
  char32_t value = 0;
  uint32_t bytes = 1;
};

/// Reads the character at `text`, which must be the start of one in valid UTF-8.
[[nodiscard]] inline CodePoint code_point_at(const char* text) noexcept {
  const auto byte = [text](int index) { return static_cast<uint32_t>(text[index]) & 0xFF; };
  const uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  if (lead < 0xE0) return {(lead & 0x1F) << 6 | (byte(1) & 0x3F), 2};
  if (lead < 0xF0) return {(lead & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F), 3};
  return {(lead & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F),
          4};
}

/// Calls `visit(c, begin, bytes)` for each character of valid UTF-8.
template <typename Visit>
void for_each_character(std::string_view text, Visit visit) {
  for (size_t at = 0; at < text.size();) {
    const CodePoint c = code_point_at(text.data() + at);
    visit(c.value, at, size_t{c.bytes});
    at += c.bytes;
  }
}

/// Where the last character of non-empty valid UTF-8 begins.
[[nodiscard]] inline size_t last_character(std::string_view text) noexcept {
  size_t at = text.size() - 1;
  while (at > 0 && (text[at] & 0xC0) == 0x80) --at;
  return at;
}

[[nodiscard]] bool is_ascii(std::string_view text) noexcept;

void append_utf8(std::string& text, char32_t c);

/// Returns `text` with each damaged sequence as one U+FFFD, as Python's errors="replace" does.
[[nodiscard]] std::string replace_damage(std::string_view text);

/// Lower-cases every character by itself, without regard to its neighbours (Σ is always σ).
void lower_case(std::string& text);

enum class NormalForm { kNfc, kNfd, kNfkc, kNfkd };

/// Replaces valid UTF-8 by its normal form.
void normalize_unicode(std::string& text, NormalForm form);

/// Replaces valid UTF-8 by its NFC as Python has it, whose tables are newer than those of the
/// `tokenizers` package.
void compose_unicode(std::string& text);

}  // namespace tandem
