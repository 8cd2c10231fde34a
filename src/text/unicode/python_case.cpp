#include "text/unicode/python_case.h"

#include <algorithm>
#include <utility>

#include <utf8proc.h>

#include "text/unicode/unicode.h"

namespace tandem {
namespace {

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

/// Whether the Σ at `at` ends a word: a cased letter precedes it, none after it.
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

/// Capitals of characters that become several.
constexpr std::pair<char32_t, std::string_view> kSeveral[] = {
    {0xDF, "SS"},   {0x149, "\u02BCN"}, {0xFB00, "FF"}, {0xFB01, "FI"},
    {0xFB02, "FL"}, {0xFB03, "FFI"},    {0xFB04, "FFL"}};

}  // namespace

std::string python_upper(std::string_view text) {
  std::string upper;
  for_each_character(text, [&](char32_t c, size_t, size_t) {
    const auto* several =
        std::ranges::find(kSeveral, c, &std::pair<char32_t, std::string_view>::first);
    if (several != std::end(kSeveral)) {
      upper += several->second;
    } else {
      append_utf8(upper, static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(c))));
    }
  });
  return upper;
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

}  // namespace tandem
