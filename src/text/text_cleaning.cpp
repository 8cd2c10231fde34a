#include "text/text_cleaning.h"

#include <algorithm>
#include <utility>

#include "text/fix_text.h"
#include "text/html_references.h"
#include "text/python_case.h"
#include "text/unicode.h"

namespace tandem {
namespace {

constexpr std::pair<TextCleaning, const char*> kNames[] = {
    {TextCleaning::kAsFile, "none"},        {TextCleaning::kClipOriginal, "clip_original"},
    {TextCleaning::kOpenClip, "open_clip"}, {TextCleaning::kWhitespace, "whitespace"},
    {TextCleaning::kLower, "lower"},        {TextCleaning::kCanonicalize, "canonicalize"}};

/// One space for a run of white space, none at the ends. fix_text has taken the four control
/// characters that are white space to Python alone.
std::string collapse(std::string_view text) {
  std::string collapsed;
  bool space_due = false;
  for_each_character(text, [&](char32_t c, size_t begin, size_t bytes) {
    if (has_flag(c, kSpace)) {
      space_due = !collapsed.empty();
      return;
    }
    if (space_due) collapsed += ' ';
    space_due = false;
    collapsed.append(text, begin, bytes);
  });
  return collapsed;
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
  if (cleaning == TextCleaning::kAsFile) return std::string(text);
  const std::string plain = unescape_html(unescape_html(fix_text(text)));
  switch (cleaning) {
    case TextCleaning::kWhitespace: return collapse(plain);
    case TextCleaning::kCanonicalize: return collapse(python_lower(without_punctuation(plain)));
    default: return python_lower(collapse(plain));
  }
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
