#include "eval/treebank_scanner.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "eval/treebank_rules.h"
#include "text/unicode/unicode.h"

namespace tandem {
namespace {

/// The furthest match at `at`, of the first rule among those that reach as far.
TreebankMatch best_match(const TreebankLine& line, size_t at) {
  TreebankMatch best;
  for (const auto rules : {treebank_word_rules(), treebank_symbol_rules()}) {
    for (const TreebankRule rule : rules) {
      const TreebankMatch match = rule(line, at);
      if (match.end > at && match.reach > best.reach) best = match;
    }
  }
  return best;
}

/// How a character is written that is a token by itself.
constexpr std::pair<char32_t, std::string_view> kSymbolSpellings[] = {
    {U'"', "''"},    {U'[', "-lsb-"}, {U']', "-rsb-"}, {U'{', "-lcb-"}, {U'}', "-rcb-"},
    {0xA2, "cents"}, {0xA3, "#"},     {0xA4, "$"},     {0x80, "$"},     {0x20A0, "$"},
    {0x20AC, "$"},   {0xBC, "1/4"},   {0xBD, "1/2"},   {0xBE, "3/4"},   {0x2153, "1/3"},
    {0x2154, "2/3"}, {0x2013, "--"},  {0x2014, "--"},  {0x2015, "--"},  {0x96, "--"},
    {0x97, "--"},    {0x2026, "..."}};

/// How a character of a token of quotation marks is written.
constexpr std::pair<char32_t, std::string_view> kQuoteSpellings[] = {
    {0x91, "`"},   {0x2018, "`"}, {0x201B, "`"}, {0x2039, "`"}, {0x92, "'"},
    {0x2019, "'"}, {0x203A, "'"}, {0x93, "``"},  {0xAB, "``"},  {0x201C, "``"},
    {0x94, "''"},  {0xBB, "''"},  {0x201D, "''"}};

/// How a character is written anywhere.
constexpr std::pair<char32_t, std::string_view> kSpellings[] = {
    {U'(', "-lrb-"}, {U')', "-rrb-"}, {U' ', "\xC2\xA0"}, {kSoftHyphen, ""}};

/// Appends the spelling of `c` and returns true, if the table has one.
template <size_t N>
bool append_spelling(const std::pair<char32_t, std::string_view> (&table)[N], char32_t c,
                     std::string& text) {
  const auto* found = std::find_if(std::begin(table), std::end(table),
                                   [c](const auto& entry) { return entry.first == c; });
  if (found == std::end(table)) return false;
  text += found->second;
  return true;
}

/// Whether the token is 's, n't or the like, with any apostrophe.
bool is_contraction(std::u32string_view token) {
  const size_t mark = token.find_first_of(U"'\x2019\x92");
  if (mark > 1) return false;  // npos among them
  std::string letters;
  for (const char32_t c : token) append_utf8(letters, c);
  lower_case(letters);
  letters.erase(mark, letters.size() - token.size() + 1);
  static constexpr std::string_view kEndings[] = {"s", "m", "d", "re", "ve", "ll"};
  return mark == 1
             ? letters == "nt"
             : std::find(std::begin(kEndings), std::end(kEndings), letters) != std::end(kEndings);
}

std::string spell_token(std::u32string_view token) {
  if (token == U"---" || token == U"----") return "--";
  if (token.size() > 1 && token.find_first_not_of(U'.') == std::u32string_view::npos) return "...";
  const bool has_quotes =
      std::all_of(token.begin(), token.end(), is_quote_mark) || is_contraction(token);
  std::string text;
  for (const char32_t c : token) {
    const bool done = (token.size() == 1 && append_spelling(kSymbolSpellings, c, text)) ||
                      (has_quotes && append_spelling(kQuoteSpellings, c, text)) ||
                      append_spelling(kSpellings, c, text);
    if (!done) append_utf8(text, c);
  }
  const bool ends_in_sigma = token.size() > 1 && token.back() == U'\x3A3';
  lower_case(text);
  if (ends_in_sigma) text.replace(text.size() - 2, 2, "\xCF\x82");
  return text;
}

/// `caption` with the names of &, <, >, " and the space in HTML replaced by what they name.
std::string without_entities(std::string_view caption) {
  static constexpr std::pair<std::string_view, char> kEntities[] = {
      {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&nbsp;", ' '}};
  std::string text;
  while (!caption.empty()) {
    const auto* found =
        std::find_if(std::begin(kEntities), std::end(kEntities),
                     [&](const auto& entity) { return caption.starts_with(entity.first); });
    const bool is_entity = found != std::end(kEntities);
    text += is_entity ? found->second : caption.front();
    caption.remove_prefix(is_entity ? found->first.size() : 1);
  }
  return text;
}

}  // namespace

std::vector<std::string> treebank_tokens(std::string_view caption, std::string_view next) {
  const TreebankLine line(without_entities(caption), next);
  std::vector<std::string> tokens;
  for (size_t at = 0; at < line.size();) {
    const TreebankMatch match = best_match(line, at);
    if (match.end > at) tokens.push_back(spell_token(line.slice(at, match.end)));
    at = match.end > at ? match.end : at + 1;
  }
  return tokens;
}

}  // namespace tandem
