#pragma once

#include <string>
#include <string_view>

namespace tandem {

/// One caption as code points, for the rules of the Penn Treebank tokenizer. Beyond its end there
/// is a line end and the next caption, which some rules look at; then there are line ends.
class TreebankLine {
 public:
  /// Bytes that are not UTF-8 become U+FFFD, line feeds blanks.
  TreebankLine(std::string_view caption, std::string_view next);

  /// Characters of the caption.
  [[nodiscard]] size_t size() const { return size_; }
  /// Characters of the caption, the line end and the next caption.
  [[nodiscard]] size_t full_size() const { return text_.size(); }
  [[nodiscard]] char32_t operator[](size_t at) const {
    return at < text_.size() ? text_[at] : U'\n';
  }
  [[nodiscard]] std::u32string_view slice(size_t begin, size_t end) const {
    return std::u32string_view(text_).substr(begin, end - begin);
  }
  /// Whether `word`, in lower-case ASCII, is at `at` in any case.
  [[nodiscard]] bool has(size_t at, std::string_view word) const;

 private:
  std::u32string text_;
  size_t size_ = 0;
};

/// The classes of characters that the tokenizer knows. Characters in none of them, and all above
/// U+FFFF such as emoji, end a word and are dropped.
[[nodiscard]] bool is_treebank_space(char32_t c);
[[nodiscard]] bool is_ascii_letter(char32_t c);
[[nodiscard]] bool is_ascii_digit(char32_t c);
/// A letter of any script.
[[nodiscard]] bool is_treebank_letter(char32_t c);
/// A letter, or a decimal digit of any script.
[[nodiscard]] bool is_treebank_alnum(char32_t c);
/// What a word may hold beside letters: vowel signs, accents and soft hyphens.
[[nodiscard]] bool is_treebank_mark(char32_t c);
/// A character that is a token by itself.
[[nodiscard]] bool is_treebank_symbol(char32_t c);
/// A quotation mark, straight double and single ones aside.
[[nodiscard]] bool is_quote_mark(char32_t c);
/// An apostrophe, straight or curly.
[[nodiscard]] bool is_apostrophe(char32_t c);

inline constexpr char32_t kSoftHyphen = 0xAD;
inline constexpr char32_t kNoBreakSpace = 0xA0;

}  // namespace tandem
