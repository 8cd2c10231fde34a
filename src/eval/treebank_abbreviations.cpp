#include "eval/treebank_abbreviations.h"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace tandem {
namespace {

/// Abbreviations that a lower-case word mostly follows; the tokenizer looks at two characters more.
constexpr std::string_view kBeforeLowerCase[] = {
    "jan",  "feb",   "mar",  "apr",  "jun",  "jul",  "aug",  "sep",     "sept", "oct",
    "nov",  "dec",   "mon",  "tue",  "tues", "wed",  "thu",  "thurs",   "fri",  "ala",
    "ariz", "calif", "colo", "conn", "ct",   "dak",  "fla",  "ga",      "ind",  "kan",
    "kans", "ky",    "md",   "mich", "minn", "mo",   "mont", "neb",     "nev",  "okla",
    "penn", "tenn",  "va",   "vt",   "wis",  "wisc", "wyo",  "inc",     "co",   "cos",
    "corp", "pty",   "ptys", "pte",  "ltd",  "plc",  "rt",   "bancorp", "bhd",  "assn",
    "univ", "intl",  "sys",  "blvd", "rd",   "bldg", "bros", "jr",      "sr",   "esq",
    "ed.d", "ph.d",  "etc",  "al",   "seq",  "tel",  "est",  "ext",     "sq"};

/// The same for states that are also words: abbreviations with a capital only.
constexpr std::string_view kCapitalizedStates[] = {"az",   "ark", "del", "ill", "la",  "mass",
                                                   "miss", "ore", "pa",  "tex", "wash"};

/// Abbreviations that a name mostly follows.
constexpr std::string_view kBeforeCapitals[] = {
    "dept", "invt",  "elec",  "natl", "mtg",  "mfg",    "ave",   "mt",    "ft",   "st",    "ste",
    "mr",   "mrs",   "ms",    "dr",   "drs",  "prof",   "profs", "sen",   "sens", "rep",   "reps",
    "atty", "attys", "lt",    "col",  "gen",  "messrs", "gov",   "govs",  "adm",  "rev",   "maj",
    "sgt",  "cpl",   "pvt",   "capt", "pres", "lieut",  "hon",   "brig",  "cmdr", "comdr", "pfc",
    "spc",  "supt",  "supts", "det",  "adj",  "adv",    "asst",  "assoc", "ens",  "insp",  "mlle",
    "mme",  "msgr",  "sfc",   "ph",   "alex", "wm",     "jos",   "vs",    "cie",  "cf",    "treas"};

constexpr std::string_view kBeforeNumbers[] = {"no",   "nos", "prop", "ca", "fig",
                                               "figs", "art", "arts", "pp", "op"};

/// Words that begin a sentence when they have a capital: a single letter with a full stop before
/// them ends one.
constexpr std::string_view kSentenceStarts[] = {
    "about", "according", "additionally", "after", "an",    "a",       "as",   "at",
    "but",   "earlier",   "he",           "her",   "here",  "however", "if",   "in",
    "it",    "last",      "many",         "more",  "mr.",   "ms.",     "now",  "once",
    "one",   "other",     "our",          "she",   "since", "so",      "some", "such",
    "that",  "the",       "their",        "then",  "there", "these",   "they", "this",
    "we",    "when",      "while",        "what",  "yet",   "you"};

/// Returns where the longest of `words` that is at `at`, and has a full stop, ends with it; `at`
/// when none is.
template <size_t N>
size_t listed_end(const std::string_view (&words)[N], const TreebankLine& line, size_t at) {
  size_t end = at;
  for (const std::string_view word : words)
    if (line[at + word.size()] == U'.' && line.has(at, word))
      end = std::max(end, at + word.size() + 1);
  return end;
}

bool sentence_begins(const TreebankLine& line, size_t at) {
  size_t start = at;
  while (start < line.full_size() && is_treebank_space(line[start])) ++start;
  if (start == at || line[start] < U'A' || line[start] > U'Z') return false;
  const auto begins = [&](std::string_view word) {
    const size_t end = start + word.size();
    return end <= line.full_size() && is_treebank_space(line[end]) && line.has(start, word);
  };
  return std::any_of(std::begin(kSentenceStarts), std::end(kSentenceStarts), begins);
}

}  // namespace

size_t acronym_end(const TreebankLine& line, size_t at) {
  size_t end = at;
  while (is_ascii_letter(line[end]) && line[end + 1] == U'.') end += 2;
  return end - at >= 4 ? end : at;
}

TreebankMatch match_abbreviation(const TreebankLine& line, size_t at) {
  const size_t stem = skip_while(line, at, is_ascii_letter);
  if (stem == at || line[stem] != U'.') return {};
  size_t end = listed_end(kBeforeLowerCase, line, at);
  if (end == at && line[at] <= U'Z') end = listed_end(kCapitalizedStates, line, at);
  if (end > at) return {end, end + 2};
  end = std::max(listed_end(kBeforeCapitals, line, at), acronym_end(line, at));
  if (end > at) return {end, end};
  end = listed_end(kBeforeNumbers, line, at);
  const size_t number = is_treebank_space(line[end]) ? end + 1 : end;
  if (end > at && is_ascii_digit(line[number])) return {end, number + 1};
  if (line[at + 1] != U'.') return {};
  return sentence_begins(line, at + 2) ? TreebankMatch{at + 1, at + 4}
                                       : TreebankMatch{at + 2, at + 2};
}

}  // namespace tandem
