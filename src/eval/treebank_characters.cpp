#include "eval/treebank_characters.h"

#include <algorithm>
#include <iterator>

#include "core/utf8.h"
#include "text/unicode/unicode.h"

namespace tandem {
namespace {

struct CharacterRange {
  char32_t first;
  char32_t last;
};

// Measured on every character of the tokenizer; gaps that only letters fill are closed.
constexpr CharacterRange kMarkRanges[] = {
    {0xAD, 0xAD},   {0x2C2, 0x379}, {0x384, 0x385}, {0x3F6, 0x3F6}, {0x483, 0x487}, {0x55A, 0x55F},
    {0x591, 0x5BD}, {0x5BF, 0x5BF}, {0x5C1, 0x5C2}, {0x5C4, 0x5C5}, {0x5C7, 0x5C7}, {0x615, 0x61A},
    {0x64B, 0x65E}, {0x670, 0x670}, {0x6D6, 0x6FE}, {0x70F, 0x7F3}, {0x900, 0x903}, {0x93C, 0x94E},
    {0x951, 0x955}, {0x962, 0x963}, {0x981, 0x9E3}, {0xA01, 0xA4F}, {0xA81, 0xACF}, {0xB82, 0xBCD},
    {0xC01, 0xC03}, {0xC3E, 0xC56}, {0xD3E, 0xD48}, {0xE31, 0xE3A}, {0xE47, 0xE4E}, {0xEB1, 0xECD}};

constexpr CharacterRange kDigitRanges[] = {
    {0x30, 0x39},   {0x660, 0x669},   {0x6F0, 0x6F9},   {0x7C0, 0x7C9},   {0x966, 0x96F},
    {0x9E6, 0x9EF}, {0xA66, 0xA6F},   {0xAE6, 0xAEF},   {0xB66, 0xB6F},   {0xBE6, 0xBEF},
    {0xC66, 0xC6F}, {0xCE6, 0xCEF},   {0xD66, 0xD6F},   {0xE50, 0xE59},   {0xED0, 0xED9},
    {0xF20, 0xF29}, {0x1040, 0x1049}, {0x17E0, 0x17E9}, {0x1810, 0x1819}, {0xFF10, 0xFF19}};

constexpr CharacterRange kSymbolRanges[] = {
    {0x22, 0x2C},     {0x2F, 0x2F},     {0x3A, 0x3E},     {0x5B, 0x5E},     {0x60, 0x7E},
    {0x80, 0x80},     {0x91, 0x94},     {0x96, 0x97},     {0xA1, 0x37E},    {0x387, 0x387},
    {0x589, 0x589},   {0x5BE, 0x5C6},   {0x5F3, 0x603},   {0x606, 0x60C},   {0x614, 0x61B},
    {0x61E, 0x61F},   {0x66A, 0x66A},   {0x66D, 0x7F8},   {0x964, 0x965},   {0xE3F, 0xE4F},
    {0x1FBD, 0x1FBD}, {0x2013, 0x2023}, {0x2026, 0x2026}, {0x2030, 0x203B}, {0x203E, 0x2042},
    {0x2044, 0x2044}, {0x2070, 0x20A0}, {0x20A4, 0x20A4}, {0x20AC, 0x20AC}, {0x2100, 0x214F},
    {0x2153, 0x215E}, {0x2190, 0x2BFF}, {0x3001, 0x3002}, {0x3012, 0x3012}, {0x30FB, 0x30FB},
    {0xFF01, 0xFFE1}, {0xFFE5, 0xFFE6}};

template <size_t N>
bool is_in(const CharacterRange (&ranges)[N], char32_t c) {
  const auto* found =
      std::upper_bound(std::begin(ranges), std::end(ranges), c,
                       [](char32_t value, const CharacterRange& r) { return value < r.first; });
  return found != std::begin(ranges) && c <= std::prev(found)->last;
}

}  // namespace

TreebankLine::TreebankLine(std::string_view caption, std::string_view next) {
  const auto append = [this](std::string_view text) {
    while (!text.empty()) {
      const Utf8Step step = read_utf8(text);
      text_ += step.code_point == U'\n' ? U' ' : step.code_point;
      text.remove_prefix(step.bytes);
    }
  };
  append(caption);
  size_ = text_.size();
  text_ += U'\n';
  append(next);
}

bool TreebankLine::has(size_t at, std::string_view word) const {
  for (size_t i = 0; i < word.size(); ++i) {
    const char32_t c = (*this)[at + i];
    const char32_t lower = c >= U'A' && c <= U'Z' ? c + 32 : c;
    if (lower != static_cast<unsigned char>(word[i])) return false;
  }
  return true;
}

bool is_treebank_space(char32_t c) {
  return c == U' ' || (c >= U'\t' && c <= U'\r') || c == 0x85 || c == kNoBreakSpace ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x3000;
}

bool is_ascii_letter(char32_t c) { return (c >= U'a' && c <= U'z') || (c >= U'A' && c <= U'Z'); }

bool is_ascii_digit(char32_t c) { return c >= U'0' && c <= U'9'; }

bool is_treebank_letter(char32_t c) {
  return c < 0x80 ? is_ascii_letter(c) : c <= 0xFFFF && has_flag(c, kLetter);
}

bool is_treebank_alnum(char32_t c) { return is_treebank_letter(c) || is_in(kDigitRanges, c); }

bool is_treebank_mark(char32_t c) { return is_in(kMarkRanges, c) && !is_treebank_alnum(c); }

bool is_treebank_symbol(char32_t c) {
  return is_in(kSymbolRanges, c) && !is_treebank_alnum(c) && !is_treebank_mark(c);
}

bool is_quote_mark(char32_t c) {
  return c == U'`' || (c >= 0x2018 && c <= 0x201F) || (c >= 0x91 && c <= 0x94) || c == 0x2039 ||
         c == 0x203A || c == 0xAB || c == 0xBB;
}

bool is_apostrophe(char32_t c) { return c == U'\'' || c == 0x2019 || c == 0x92; }

}  // namespace tandem
