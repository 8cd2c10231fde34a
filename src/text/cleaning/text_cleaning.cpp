#include "text/cleaning/text_cleaning.h"

#include <algorithm>
#include <utility>

#include "text/cleaning/fix_text.h"
#include "text/cleaning/html_references.h"
#include "text/unicode/python_case.h"
#include "text/unicode/unicode.h"

namespace tandem {
namespace {

constexpr std::pair<TextCleaning, const char*> kNames[] = {
    {TextCleaning::kAsFile, "none"},        {TextCleaning::kClipOriginal, "clip_original"},
    {TextCleaning::kOpenClip, "open_clip"}, {TextCleaning::kWhitespace, "whitespace"},
    {TextCleaning::kLower, "lower"},        {TextCleaning::kCanonicalize, "canonicalize"}};

bool is_python_space(char32_t c) { return has_flag(c, kSpace) || (c >= 0x1C && c <= 0x1F); }

/// ASCII's punctuation goes, except the underscore, which becomes a space.
std::string without_punctuation(std::string text) {
  std::replace(text.begin(), text.end(), '_', ' ');
  std::erase_if(text, is_ascii_punctuation);
  return text;
}

}  // namespace

bool is_ascii_punctuation(char c) {
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') ||
         (c >= '{' && c <= '~');
}

std::string_view without_leading_spaces(std::string_view text) {
  while (!text.empty() && is_python_space(code_point_at(text.data()).value))
    text.remove_prefix(code_point_at(text.data()).bytes);
  return text;
}

std::string_view without_trailing_spaces(std::string_view text) {
  while (!text.empty() && is_python_space(code_point_at(text.data() + last_character(text)).value))
    text = text.substr(0, last_character(text));
  return text;
}

std::string join_spaces(std::string_view text) {
  std::string joined;
  bool space_due = false;
  for_each_character(text, [&](char32_t c, size_t begin, size_t bytes) {
    if (is_python_space(c)) {
      space_due = !joined.empty();
      return;
    }
    if (space_due) joined += ' ';
    space_due = false;
    joined.append(text, begin, bytes);
  });
  return joined;
}

std::string clean_text(std::string_view text, TextCleaning cleaning) {
  if (cleaning == TextCleaning::kAsFile) return std::string(text);
  const std::string plain = unescape_html(unescape_html(fix_text(text)));
  switch (cleaning) {
    case TextCleaning::kWhitespace: return join_spaces(plain);
    case TextCleaning::kCanonicalize: return join_spaces(python_lower(without_punctuation(plain)));
    default: return python_lower(join_spaces(plain));
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
