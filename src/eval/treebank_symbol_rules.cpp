#include <algorithm>
#include <string_view>

#include "eval/treebank_rules.h"

namespace tandem {
namespace {

size_t digits_end(const TreebankLine& line, size_t at) {
  return skip_while(line, at, is_ascii_digit);
}

/// "1,000.50", "12:30", "-5", ".5".
TreebankMatch match_number(const TreebankLine& line, size_t at) {
  const size_t first = is_one_of(line[at], U"+-") ? at + 1 : at;
  size_t end = digits_end(line, first);
  while (is_one_of(line[end], U".:,") && is_ascii_digit(line[end + 1]))
    end = digits_end(line, end + 1);
  return end > first ? up_to(end) : TreebankMatch{};
}

/// One to `most` digits; `at` when there are none or more.
size_t few_digits_end(const TreebankLine& line, size_t at, size_t most) {
  const size_t end = digits_end(line, at);
  return end - at <= most ? end : at;
}

/// "5/3/2010", "05-03-10".
TreebankMatch match_date(const TreebankLine& line, size_t at) {
  size_t end = at;
  for (int part = 0; part < 2; ++part) {
    const size_t next = few_digits_end(line, end, 2);
    if (next == end || !is_one_of(line[next], U"-/")) return {};
    end = next + 1;
  }
  const size_t length = std::min<size_t>(digits_end(line, end) - end, 4);
  return length >= 2 ? up_to(end + length) : TreebankMatch{};
}

/// "1/2", "1 1/2", "1-1/2".
TreebankMatch match_fraction(const TreebankLine& line, size_t at) {
  const auto simple_end = [&](size_t from) {
    const size_t slash = few_digits_end(line, from, 4);
    if (slash == from || (line[slash] != U'/' && line[slash] != 0x2044)) return from;
    const size_t length = std::min<size_t>(digits_end(line, slash + 1) - slash - 1, 4);
    return length > 0 ? slash + 1 + length : from;
  };
  const size_t whole = few_digits_end(line, at, 4);
  if (whole > at && (is_one_of(line[whole], U"- ") || line[whole] == kNoBreakSpace) &&
      simple_end(whole + 1) > whole + 1)
    return up_to(simple_end(whole + 1));
  return simple_end(at) > at ? up_to(simple_end(at)) : TreebankMatch{};
}

/// "001.jpg", where white space or the end of a sentence follows.
TreebankMatch match_file_name(const TreebankLine& line, size_t at) {
  static constexpr std::string_view kEndings[] = {
      "bat", "bmp", "c",    "class", "cgi",  "cpp",  "dll", "doc", "docx", "exe", "gif", "gz",
      "h",   "htm", "html", "jar",   "java", "jpeg", "jpg", "mov", "mp3",  "pdf", "php", "pl",
      "png", "ppt", "ps",   "py",    "sql",  "tar",  "txt", "wav", "x",    "xml", "zip"};
  size_t end = skip_while(line, at, is_treebank_alnum);
  TreebankMatch match;
  while (end > at && line[end] == U'.' && is_treebank_alnum(line[end + 1])) {
    const size_t begin = end + 1;
    end = skip_while(line, begin, is_treebank_alnum);
    if (!is_treebank_space(line[end]) && !is_one_of(line[end], U".?!,")) continue;
    for (const std::string_view ending : kEndings)
      if (ending.size() == end - begin && line.has(begin, ending)) match = {end, end + 1};
  }
  return match;
}

/// "US$", "$".
TreebankMatch match_dollars(const TreebankLine& line, size_t at) {
  const size_t sign = skip_while(line, at, [](char32_t c) { return c >= U'A' && c <= U'Z'; });
  return line[sign] == U'$' ? up_to(sign + 1) : TreebankMatch{};
}

/// "²³", "⁻³", "₂".
TreebankMatch match_small_digits(const TreebankLine& line, size_t at) {
  const size_t first = is_one_of(line[at], U"⁺⁻₊₋") ? at + 1 : at;
  const size_t above =
      skip_while(line, first, [](char32_t c) { return is_one_of(c, U"⁰¹²³⁴⁵⁶⁷⁸⁹"); });
  const size_t below =
      skip_while(line, first, [](char32_t c) { return is_one_of(c, U"₀₁₂₃₄₅₆₇₈₉"); });
  const size_t end = std::max(above, below);
  return end > first ? up_to(end) : TreebankMatch{};
}

/// "&#39;".
TreebankMatch match_character_reference(const TreebankLine& line, size_t at) {
  if (!line.has(at, "&#")) return {};
  const size_t end = digits_end(line, at + 2);
  return end > at + 2 && line[end] == U';' ? up_to(end + 1) : TreebankMatch{};
}

/// "<b>", "</b>", "<br />", "<a title="x">".
TreebankMatch match_tag(const TreebankLine& line, size_t at) {
  if (line[at] != U'<') return {};
  const auto is_name = [](char32_t c) {
    return is_ascii_letter(c) || is_ascii_digit(c) || is_one_of(c, U"_:.-");
  };
  const auto blanks_end = [&](size_t from) {
    return skip_while(line, from, [](char32_t c) { return c == U' '; });
  };
  if (is_one_of(line[at + 1], U"!?") && (is_ascii_letter(line[at + 2]) || line[at + 2] == U'-')) {
    const size_t end = skip_while(line, at, [](char32_t c) { return c != U'>'; });
    return line[end] == U'>' ? up_to(end + 1) : TreebankMatch{};
  }
  size_t end = line[at + 1] == U'/' ? at + 2 : at + 1;
  if (!is_ascii_letter(line[end])) return {};
  end = skip_while(line, end, is_name);
  while (line[end] == U' ' && is_ascii_letter(line[blanks_end(end)])) {
    end = skip_while(line, blanks_end(end), is_name);
    if (line[blanks_end(end)] != U'=') continue;
    const size_t quote = blanks_end(blanks_end(end) + 1);
    if (!is_one_of(line[quote], U"\"'")) return {};
    end = skip_while(line, quote + 1, [&](char32_t c) { return c != line[quote]; }) + 1;
  }
  end = blanks_end(end);
  if (line[end] == U'/') end = blanks_end(end + 1);
  return line[end] == U'>' ? up_to(end + 1) : TreebankMatch{};
}

/// ":)", ":-)", ";P".
TreebankMatch match_face(const TreebankLine& line, size_t at) {
  size_t end = is_one_of(line[at], U"<>") ? at + 1 : at;
  if (!is_one_of(line[end], U":;=")) return {};
  if (is_one_of(line[end + 1], U"-o*'") && is_one_of(line[end + 2], U"()DPdpO\\{@|[]")) ++end;
  if (!is_one_of(line[end + 1], U"()DPdpO\\{@|[]")) return {};
  const char32_t next = line[end + 2];
  if (is_ascii_letter(next) || is_ascii_digit(next)) return {};
  return {end + 2, end + 3};
}

/// Characters that are one token with their repetitions: "!?!", "...", "--".
TreebankMatch match_repeated(const TreebankLine& line, size_t at) {
  if (is_one_of(line[at], U"!?"))
    return up_to(skip_while(line, at, [](char32_t c) { return is_one_of(c, U"!?"); }));
  const size_t end = skip_while(line, at, [&](char32_t c) { return c == line[at]; });
  if (line[at] == U'.') return up_to(end - at >= 3 ? end : at + 1);
  if (is_one_of(line[at], U"<>") && end - at >= 2) return up_to(at + 2);
  return is_one_of(line[at], U"-@#_*") ? up_to(end) : TreebankMatch{};
}

/// One or two quotation marks; a straight one in front of a word does not begin a contraction.
TreebankMatch match_quotes(const TreebankLine& line, size_t at) {
  if (line[at] == U'\'' && line[at + 1] == U'\'') return up_to(at + 2);
  if (line[at] == U'\'' && is_ascii_letter(line[at + 1]) && !is_treebank_space(line[at + 2]))
    return {at + 1, at + 3};
  if (line[at] == U'\'') return up_to(at + 1);
  if (!is_quote_mark(line[at])) return {};
  return up_to(is_quote_mark(line[at + 1]) ? at + 2 : at + 1);
}

TreebankMatch match_symbol(const TreebankLine& line, size_t at) {
  return is_treebank_symbol(line[at]) ? up_to(at + 1) : TreebankMatch{};
}

constexpr TreebankRule kSymbolRules[] = {match_tag,          match_character_reference,
                                         match_date,         match_number,
                                         match_small_digits, match_fraction,
                                         match_file_name,    match_dollars,
                                         match_face,         match_repeated,
                                         match_quotes,       match_symbol};

}  // namespace

std::span<const TreebankRule> treebank_symbol_rules() { return kSymbolRules; }

}  // namespace tandem
