#include "text/text_cleaning.h"

#include <algorithm>
#include <charconv>
#include <sstream>
#include <unordered_map>
#include <utility>

#include <utf8proc.h>

#include "text/html_entities.h"
#include "text/unicode.h"

namespace tandem {
namespace {

constexpr std::pair<TextCleaning, const char*> kNames[] = {
    {TextCleaning::kAsFile, "none"},
    {TextCleaning::kClipOriginal, "clip_original"},
    {TextCleaning::kWhitespace, "whitespace"},
    {TextCleaning::kLower, "lower"},
    {TextCleaning::kCanonicalize, "canonicalize"}};

constexpr size_t kLongestName = 32;

/// Names that HTML resolves without their semicolon too.
constexpr std::string_view kBareNames = R"(
AElig AMP Aacute Acirc Agrave Aring Atilde Auml COPY Ccedil ETH Eacute Ecirc Egrave Euml GT Iacute
Icirc Igrave Iuml LT Ntilde Oacute Ocirc Ograve Oslash Otilde Ouml QUOT REG THORN Uacute Ucirc
Ugrave Uuml Yacute aacute acirc acute aelig agrave amp aring atilde auml brvbar ccedil cedil cent
copy curren deg divide eacute ecirc egrave eth euml frac12 frac14 frac34 gt iacute icirc iexcl
igrave iquest iuml laquo lt macr micro middot nbsp not ntilde oacute ocirc ograve ordf ordm oslash
otilde ouml para plusmn pound quot raquo reg sect shy sup1 sup2 sup3 szlig thorn times uacute ucirc
ugrave uml uuml yacute yen yuml)";

/// What browsers make of the numbers 0x80 to 0x9F.
constexpr char32_t kWindows1252[] = {
    0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x8D,   0x017D, 0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};

using References = std::unordered_map<std::string, std::string>;

/// Names, with their semicolon or, where that is allowed, without.
const References& references() {
  static const References kTable = [] {
    References table;
    std::istringstream entries{std::string(html_entities())};
    for (std::string entry; entries >> entry;) {
      const size_t equals = entry.find('=');
      std::string text;
      const char* at = entry.data() + equals;
      const char* end = entry.data() + entry.size();
      while (at < end) {
        uint32_t c = 0;
        at = std::from_chars(at + 1, end, c, 16).ptr;
        append_utf8(text, c);
      }
      table[entry.substr(0, equals) + ";"] = text;
    }
    std::istringstream names{std::string(kBareNames)};
    for (std::string name; names >> name;) table[name] = table.at(name + ";");
    return table;
  }();
  return kTable;
}

bool is_dropped(uint64_t c) {
  return (c >= 0x01 && c <= 0x08) || c == 0x0B || (c >= 0x0E && c <= 0x1F) ||
         (c >= 0x7F && c <= 0x9F) || (c >= 0xFDD0 && c <= 0xFDEF) || (c & 0xFFFE) == 0xFFFE;
}

std::string numbered(uint64_t c) {
  std::string text;
  if (c == 0 || (c >= 0xD800 && c <= 0xDFFF) || c > 0x10FFFF) {
    append_utf8(text, 0xFFFD);
  } else if (c >= 0x80 && c <= 0x9F) {
    append_utf8(text, kWindows1252[c - 0x80]);
  } else if (!is_dropped(c)) {
    append_utf8(text, static_cast<char32_t>(c));
  }
  return text;
}

/// Reads `#123;` or `#x1F;` at `text`; returns how much of it, 0 when it is none.
size_t read_number(std::string_view text, std::string& out) {
  const bool hex = text.size() > 1 && (text[1] == 'x' || text[1] == 'X');
  size_t at = hex ? 2 : 1;
  const size_t digits = at;
  uint64_t value = 0;
  for (; at < text.size(); ++at) {
    int digit = -1;
    if (text[at] >= '0' && text[at] <= '9') digit = text[at] - '0';
    if (hex && text[at] >= 'a' && text[at] <= 'f') digit = text[at] - 'a' + 10;
    if (hex && text[at] >= 'A' && text[at] <= 'F') digit = text[at] - 'A' + 10;
    if (digit < 0) break;
    value = std::min<uint64_t>(value * (hex ? 16 : 10) + static_cast<uint64_t>(digit), 0x110000);
  }
  if (at == digits) return 0;
  out += numbered(value);
  return at + (at < text.size() && text[at] == ';' ? 1 : 0);
}

/// Reads a name at `text`, the longest that is known, and appends what it stands for.
size_t read_name(std::string_view text, std::string& out) {
  size_t end = 0;
  size_t characters = 0;
  while (end < text.size() && characters < kLongestName &&
         std::string_view("\t\n\f <&#;").find(text[end]) == std::string_view::npos) {
    end += code_point_at(text.data() + end).bytes;
    ++characters;
  }
  const size_t name_end = end;
  if (end > 0 && end < text.size() && text[end] == ';') ++end;
  const auto whole = references().find(std::string(text.substr(0, end)));
  if (whole != references().end()) {
    out += whole->second;
    return end;
  }
  for (size_t length = std::min(end > 0 ? end - 1 : 0, name_end); length > 1; --length) {
    const auto part = references().find(std::string(text.substr(0, length)));
    if (part == references().end()) continue;
    out += part->second;
    return length;
  }
  return 0;
}

std::string unescape(std::string_view text) {
  std::string plain;
  for (size_t at = 0; at < text.size();) {
    if (text[at] != '&' || at + 1 == text.size()) {
      plain += text[at++];
      continue;
    }
    const std::string_view rest = text.substr(at + 1);
    const size_t used = rest[0] == '#' ? read_number(rest, plain) : read_name(rest, plain);
    if (used == 0) plain += '&';
    at += used + 1;
  }
  return plain;
}

bool is_python_space(char32_t c) { return has_flag(c, kSpace) || (c >= 0x1C && c <= 0x1F); }

/// One space for a run of white space, none at the ends. Inside, the original CLIP asks a regular
/// expression what a space is, and open_clip asks Python, which knows four more.
std::string collapse(std::string_view text, bool as_original) {
  while (!text.empty() && is_python_space(code_point_at(text.data()).value))
    text.remove_prefix(code_point_at(text.data()).bytes);
  while (!text.empty() && is_python_space(code_point_at(text.data() + last_character(text)).value))
    text = text.substr(0, last_character(text));
  std::string collapsed;
  bool in_space = false;
  for_each_character(text, [&](char32_t c, size_t begin, size_t bytes) {
    const bool is_space = as_original ? has_flag(c, kSpace) : is_python_space(c);
    if (!is_space) collapsed.append(text, begin, bytes);
    if (is_space && !in_space) collapsed += ' ';
    in_space = is_space;
  });
  return collapsed;
}

enum class Casing { kCased, kIgnorable, kOther };

/// Letters that are no letters by category: ª, º, Roman numerals, circled and squared ones.
bool is_cased_symbol(char32_t c) {
  return c == 0xAA || c == 0xBA || (c >= 0x2160 && c <= 0x217F) || (c >= 0x24B6 && c <= 0x24E9) ||
         (c >= 0x1F130 && c <= 0x1F149) || (c >= 0x1F150 && c <= 0x1F169) ||
         (c >= 0x1F170 && c <= 0x1F189);
}

Casing casing(char32_t c) {
  if (is_cased_symbol(c)) return Casing::kCased;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT: return Casing::kCased;
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK: return Casing::kIgnorable;
    default: break;
  }
  static constexpr std::u32string_view kMiddle =
      U"'.:\u00B7\u0387\u055F\u05F4\u2018\u2019\u2024"
      U"\u2027\uFE13\uFE52\uFE55\uFF07\uFF0E\uFF1A";
  return kMiddle.find(c) != std::u32string_view::npos ? Casing::kIgnorable : Casing::kOther;
}

/// Whether the Σ at `at` ends a word: a cased letter stands before it, none after it.
bool is_final_sigma(std::string_view text, size_t at) {
  std::string_view before = text.substr(0, at);
  Casing found = Casing::kIgnorable;
  while (!before.empty() && found == Casing::kIgnorable) {
    const size_t last = last_character(before);
    found = casing(code_point_at(before.data() + last).value);
    before = before.substr(0, last);
  }
  if (found != Casing::kCased) return false;
  found = Casing::kIgnorable;
  for (size_t next = at + 2; next < text.size() && found == Casing::kIgnorable;) {
    const CodePoint c = code_point_at(text.data() + next);
    found = casing(c.value);
    next += c.bytes;
  }
  return found != Casing::kCased;
}

std::string python_lower(const std::string& text) {
  static constexpr std::string_view kSigma = "\u03A3";
  static constexpr std::string_view kFinalSigma = "\u03C2";
  std::string marked = text;
  for (size_t at = text.find(kSigma); at != std::string::npos; at = text.find(kSigma, at + 2))
    if (is_final_sigma(text, at)) marked.replace(at, 2, kFinalSigma);
  lower_case(marked);
  return marked;
}

/// ASCII's punctuation goes, but for the underscore, which becomes a space.
std::string without_punctuation(std::string text) {
  std::replace(text.begin(), text.end(), '_', ' ');
  std::erase_if(text, [](char c) {
    return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') ||
           (c >= '{' && c <= '~');
  });
  return text;
}

}  // namespace

std::string clean_text(std::string_view text, TextCleaning cleaning) {
  const auto plain = [text] { return unescape(unescape(text)); };
  switch (cleaning) {
    case TextCleaning::kAsFile: return std::string(text);
    case TextCleaning::kClipOriginal: return python_lower(collapse(plain(), true));
    case TextCleaning::kWhitespace: return collapse(plain(), false);
    case TextCleaning::kLower: return python_lower(collapse(plain(), false));
    case TextCleaning::kCanonicalize: break;
  }
  return collapse(python_lower(without_punctuation(plain())), false);
}

const char* cleaning_name(TextCleaning cleaning) {
  for (const auto& [value, name] : kNames)
    if (value == cleaning) return name;
  return "?";
}

std::optional<TextCleaning> cleaning_named(std::string_view name) {
  for (const auto& [value, known] : kNames)
    if (name == known) return value;
  return std::nullopt;
}

std::vector<std::string> cleaning_names() {
  std::vector<std::string> names;
  for (const auto& [value, name] : kNames) names.emplace_back(name);
  return names;
}

}  // namespace tandem
