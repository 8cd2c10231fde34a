#include "text/cleaning/fix_text.h"

#include <algorithm>
#include <unordered_map>

#include <utf8proc.h>

#include "text/cleaning/fix_encoding.h"
#include "text/cleaning/html_references.h"
#include "text/unicode/unicode.h"

namespace tandem {
namespace {

constexpr int kMostRounds = 100;
constexpr size_t kLongestSegment = 1'000'000;  // characters

/// Ligatures and digraphs that ftfy takes apart.
constexpr std::pair<char32_t, std::string_view> kLigatures[] = {
    {0x132, "IJ"},       {0x133, "ij"},  {0x149, "\u02BCn"}, {0x1F1, "DZ"},
    {0x1F2, "Dz"},       {0x1F3, "dz"},  {0x1C4, "D\u017D"}, {0x1C5, "D\u017E"},
    {0x1C6, "d\u017E"},  {0x1C7, "LJ"},  {0x1C8, "Lj"},      {0x1C9, "lj"},
    {0x1CA, "NJ"},       {0x1CB, "Nj"},  {0x1CC, "nj"},      {0xFB00, "ff"},
    {0xFB01, "fi"},      {0xFB02, "fl"}, {0xFB03, "ffi"},    {0xFB04, "ffl"},
    {0xFB05, "\u017Ft"}, {0xFB06, "st"}};

bool is_single_quote(char32_t c) { return c == 0x2BC || (c >= 0x2018 && c <= 0x201B); }
bool is_double_quote(char32_t c) { return c >= 0x201C && c <= 0x201F; }

std::string straight(std::string_view text) {
  std::string result;
  for_each_character(text, [&](char32_t c, size_t begin, size_t bytes) {
    if (is_single_quote(c)) {
      result += '\'';
    } else if (is_double_quote(c)) {
      result += '"';
    } else {
      result.append(text, begin, bytes);
    }
  });
  return result;
}

using Replacements = std::unordered_map<char32_t, std::string>;

/// What a single character becomes by the repairs of controls, ligatures, width, quotes and line
/// ends, one after another.
const Replacements& replacements() {
  static const Replacements kTable = [] {
    Replacements table = {{0x3000, " "}, {0x2028, "\n"}, {0x2029, "\n"}, {U'\r', "\n"}};
    for (char32_t c = 0x80; c <= 0x9F; ++c) append_utf8(table[c], windows_1252(c));
    for (const auto& [ligature, letters] : kLigatures) table[ligature] = letters;
    for (char32_t c = 0xFF01; c < 0xFFF0; ++c) {
      append_utf8(table[c], c);
      normalize_unicode(table[c], NormalForm::kNfkc);
    }
    for (const char32_t c : U"\u02BC\u2018\u2019\u201A\u201B\u201C\u201D\u201E\u201F")
      if (c != 0) append_utf8(table[c], c);
    for (auto& [c, text] : table) text = straight(text);
    return table;
  }();
  return kTable;
}

bool is_dropped(char32_t c) {
  return c <= 0x08 || c == 0x0B || (c >= 0x0E && c <= 0x1F) || c == 0x7F ||
         (c >= 0x206A && c <= 0x206F) || c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFC);
}

std::string replace_characters(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for_each_character(text, [&](char32_t c, size_t begin, size_t bytes) {
    if (c == U'\r' && text.substr(begin + 1).starts_with('\n')) return;
    const bool is_plain = c < 0x80 && c != U'\r';
    const auto found = is_plain ? replacements().end() : replacements().find(c);
    if (found == replacements().end()) {
      result.append(text, begin, bytes);
    } else {
      result += found->second;
    }
  });
  return result;
}

/// Returns the length of `ESC [ 1 ; 2 m` at `text`, which begins with ESC; 0 when it is not one.
size_t escape_length(std::string_view text) {
  size_t at = 1;
  if (at == text.size() || text[at] != '[') return 0;
  for (++at; at < text.size();) {
    const CodePoint c = code_point_at(text.data() + at);
    if ((c.value >= U'A' && c.value <= U'Z') || (c.value >= U'a' && c.value <= U'z')) return at + 1;
    const bool is_digit =
        utf8proc_category(static_cast<utf8proc_int32_t>(c.value)) == UTF8PROC_CATEGORY_ND;
    if (c.value != U';' && !is_digit) return 0;
    at += c.bytes;
  }
  return 0;
}

/// Terminal escapes go, then control characters.
std::string without_controls(std::string_view text) {
  std::string visible;
  size_t escape_end = 0;
  for_each_character(text, [&](char32_t c, size_t begin, size_t bytes) {
    if (begin < escape_end) return;
    if (c == 0x1B) escape_end = begin + escape_length(text.substr(begin));
    if (!is_dropped(c)) visible.append(text, begin, bytes);
  });
  return visible;
}

std::string with_fixed_encoding(const std::string& text) {
  if (is_ascii(text)) return text;
  std::u32string characters;
  for_each_character(text, [&](char32_t c, size_t, size_t) { characters += c; });
  std::string fixed;
  for (const char32_t c : fix_encoding(std::move(characters))) append_utf8(fixed, c);
  return fixed;
}

std::string fix_segment(std::string text, bool unescapes) {
  for (int round = 0; round < kMostRounds; ++round) {
    std::string fixed = unescapes ? unescape_clear_html(text) : text;
    fixed = without_controls(replace_characters(with_fixed_encoding(fixed)));
    compose_unicode(fixed);
    if (fixed == text) break;
    text = std::move(fixed);
  }
  return text;
}

/// Whether no repair can change the text: letters of ASCII without `&` and control characters.
bool is_sound(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return (c >= ' ' && c < 0x7F && c != '&') || c == '\n' || c == '\t'; });
}

/// Returns the length of the first line with its end, of at most a million characters.
size_t segment_length(std::string_view text) {
  const size_t line = std::min(text.find('\n'), text.size() - 1) + 1;
  if (line <= kLongestSegment) return line;
  size_t end = 0;
  for (size_t count = 0; count < kLongestSegment && end < line; ++count)
    end += code_point_at(text.data() + end).bytes;
  return end;
}

}  // namespace

std::string fix_text(std::string_view text) {
  if (is_sound(text)) return std::string(text);
  std::string fixed;
  bool unescapes = true;
  while (!text.empty()) {
    const std::string_view segment = text.substr(0, segment_length(text));
    if (segment.find('<') != std::string_view::npos) unescapes = false;
    fixed += fix_segment(std::string(segment), unescapes);
    text.remove_prefix(segment.size());
  }
  return fixed;
}

}  // namespace tandem
