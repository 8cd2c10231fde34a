#pragma once

#include <span>
#include <string_view>

namespace tandem {

/// Characters under a name, as hexadecimal code points and ranges.
struct NamedCharacters {
  std::string_view name;
  std::string_view ranges;
};

/// Returns the kinds of characters that mojibake is made of.
[[nodiscard]] std::span<const NamedCharacters> mojibake_characters();

/// Returns the sequences that are rare in sound text and common in mojibake. A sequence is one set
/// of characters after another, with spaces between; a set is made of names and code points, with
/// `+` between. `^` in front: only at the start of the text.
[[nodiscard]] std::span<const std::string_view> mojibake_sequences();

/// What the bytes of a character in UTF-8 become in the encodings below.
struct Utf8Clues {
  std::string_view first_of_2;
  std::string_view first_of_3;
  std::string_view first_of_4;
  std::string_view continuation;
  std::string_view strict_continuation;  ///< Those that rarely mean themselves beside mojibake.
};
[[nodiscard]] const Utf8Clues& utf8_clues();

/// An encoding of one byte per character.
struct CodePage {
  std::string_view name;
  bool lossy;              ///< Whether byte 0x1A is U+FFFD rather than U+001A.
  bool may_restore_space;  ///< Whether a space may have been U+00A0.
  std::string_view upper;  ///< Bytes 0x80 to 0xFF.
};

/// Returns those that text is tried in, in this order.
[[nodiscard]] std::span<const CodePage> code_pages();

}  // namespace tandem
