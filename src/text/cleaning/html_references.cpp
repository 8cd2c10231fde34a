#include "text/cleaning/html_references.h"

#include <algorithm>
#include <charconv>
#include <sstream>
#include <unordered_map>

#include "text/cleaning/fix_encoding.h"
#include "text/cleaning/html_entities.h"
#include "text/unicode/python_case.h"
#include "text/unicode/unicode.h"

namespace tandem {
namespace {

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
    append_utf8(text, windows_1252(static_cast<char32_t>(c)));
  } else if (!is_dropped(c)) {
    append_utf8(text, static_cast<char32_t>(c));
  }
  return text;
}

/// Reads `#123;` or `#x1F;` at `text`; returns how much of it, 0 when it is not one.
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

/// Names with their semicolon, and those of small letters also in capitals where that is no name.
const References& capital_references() {
  static const References kTable = [] {
    References table;
    for (const auto& [name, text] : references()) {
      std::string capitals = name;
      for (char& c : capitals)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
      const bool is_small = std::ranges::none_of(name, [](char c) { return c >= 'A' && c <= 'Z'; });
      const std::string reference = "&" + capitals;
      if (name.ends_with(';') && is_small && unescape_html(reference) == reference)
        table[capitals] = python_upper(text);
    }
    return table;
  }();
  return kTable;
}

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/// Reads `&name;`, `&#123;` or what looks like one at `text`, up to 24 letters and digits long;
/// returns how much of it, 0 when it is not one.
size_t clear_reference_length(std::string_view text) {
  size_t at = 1;
  if (at < text.size() && text[at] == '#') ++at;
  const size_t begin = at;
  while (at < text.size() && is_alphanumeric(text[at])) ++at;
  const size_t length = at - begin;
  if (length == 0 || length > 24 || at == text.size() || text[at] != ';') return 0;
  return at + 1;
}

std::string resolve_clear(std::string_view reference) {
  if (reference.starts_with("&#")) {
    std::string plain = unescape_html(reference);
    return plain.find(';') == std::string::npos ? plain : std::string(reference);
  }
  const std::string name(reference.substr(1));
  for (const References* table : {&references(), &capital_references()})
    if (const auto found = table->find(name); found != table->end()) return found->second;
  return std::string(reference);
}

}  // namespace

std::string unescape_html(std::string_view text) {
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

std::string unescape_clear_html(std::string_view text) {
  std::string plain;
  for (size_t at = 0; at < text.size();) {
    const size_t length = text[at] == '&' ? clear_reference_length(text.substr(at)) : 0;
    if (length == 0) {
      plain += text[at++];
      continue;
    }
    plain += resolve_clear(text.substr(at, length));
    at += length;
  }
  return plain;
}

}  // namespace tandem
