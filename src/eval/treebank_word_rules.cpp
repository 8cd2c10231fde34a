#include <algorithm>
#include <initializer_list>
#include <string_view>

#include "eval/treebank_abbreviations.h"
#include "eval/treebank_rules.h"

namespace tandem {
namespace {

bool is_word_letter(char32_t c) { return is_treebank_letter(c) || is_treebank_mark(c); }
bool is_ascii_alnum(char32_t c) { return is_ascii_letter(c) || is_ascii_digit(c); }
bool is_upper(char32_t c) { return c >= U'A' && c <= U'Z'; }
bool is_hyphen(char32_t c) {
  return c == U'-' || c == U'_' || c == 0x58A || c == 0x2010 || c == 0x2011;
}
bool is_any_apostrophe(char32_t c) {
  return is_apostrophe(c) || c == U'`' || c == 0x91 || c == 0x2018 || c == 0x201B;
}
bool is_pause(char32_t c) { return c == U',' || c == U';' || c == U':' || c == 0x3001; }

/// The token, with a full stop after it where a comma, colon or semicolon follows that.
TreebankMatch with_stop(const TreebankLine& line, size_t end) {
  if (line[end] == U'.' && is_pause(line[end + 1])) return {end + 1, end + 2};
  return up_to(end);
}

/// "can|not", "gon|na", "'t|is": the first part, when the whole is the longest match.
TreebankMatch match_assimilation(const TreebankLine& line, size_t at) {
  if (line.has(at, "cannot")) return {at + 3, at + 6};
  if (line.has(at, "'twas")) return {at + 2, at + 5};
  if (line.has(at, "'tis")) return {at + 2, at + 4};
  for (const std::string_view word : {"gonna", "gotta", "lemme", "gimme", "wanna"})
    if (line.has(at, word)) return {at + 3, at + 5};
  return {};
}

/// Where 's, 'm, 'd, 're, 've or 'll at `at` ends; `at` when there is none.
size_t auxiliary_end(const TreebankLine& line, size_t at) {
  if (!is_apostrophe(line[at])) return at;
  for (const std::string_view word : {"re", "ve", "ll", "s", "m", "d"})
    if (line.has(at + 1, word)) return at + 1 + word.size();
  return at;
}

bool is_contracted_not(const TreebankLine& line, size_t at) {
  return line.has(at, "n") && is_any_apostrophe(line[at + 1]) && line.has(at + 2, "t");
}

/// Letters, also joined by points ("dots.in.between"); digits may follow a letter.
size_t word_end(const TreebankLine& line, size_t at) {
  if (!is_word_letter(line[at])) return at;
  const auto goes_on = [](char32_t c) { return is_treebank_alnum(c) || is_treebank_mark(c); };
  size_t end = skip_while(line, at, goes_on);
  while (is_one_of(line[end], U".!?") && is_word_letter(line[end + 1]))
    end = skip_while(line, end + 1, goes_on);
  return end;
}

TreebankMatch match_word(const TreebankLine& line, size_t at) {
  const size_t end = word_end(line, at);
  if (end == at) return {};
  const size_t auxiliary = auxiliary_end(line, end);
  return auxiliary > end ? TreebankMatch{end, auxiliary} : with_stop(line, end);
}

/// "is" of "isn't": letters, the last before n't being no n.
TreebankMatch match_word_before_not(const TreebankLine& line, size_t at) {
  const auto is_letter = [](char32_t c) { return is_ascii_letter(c) || c == kSoftHyphen; };
  for (size_t end = at; is_letter(line[end]); ++end) {
    if (end == at || !is_contracted_not(line, end)) continue;
    if (is_ascii_letter(line[end - 1]) && !line.has(end - 1, "n")) return {end, end + 3};
  }
  return {};
}

/// 's or n't by itself. A straight apostrophe with more letters is a quotation mark.
TreebankMatch match_contraction(const TreebankLine& line, size_t at) {
  size_t end = auxiliary_end(line, at);
  if (end == at && is_contracted_not(line, at)) end = at + 3;
  if (end == at) return {};
  if (!is_ascii_letter(line[end])) return {end, end + 1};
  return line[at] == U'\'' ? TreebankMatch{} : up_to(end);
}

/// Words that keep their apostrophe whatever is around it.
TreebankMatch match_fixed_apostrophe_word(const TreebankLine& line, size_t at) {
  for (const std::string_view known : {"cont'd.", "cont'd", "nor'easter", "c'mon", "e'er",
                                       "s'mores", "ev'ry", "li'l", "nat'l", "'cause"})
    if (line.has(at, known)) return up_to(at + known.size());
  for (const std::string_view stem : {"dunkin", "somethin", "ol"})
    if (line.has(at, stem) && is_apostrophe(line[at + stem.size()]))
      return up_to(at + stem.size() + 1);
  if (line.has(at, "cap") && is_apostrophe(line[at + 3]) && line.has(at + 4, "n"))
    return up_to(at + 5);
  if (line.has(at, "c") && is_apostrophe(line[at + 1]) && line.has(at + 2, "est"))
    return up_to(at + 5);
  return {};
}

/// "'n'", "'em", "'till", "'90s".
TreebankMatch match_leading_apostrophe(const TreebankLine& line, size_t at) {
  if (!is_apostrophe(line[at])) return {};
  if (line.has(at + 1, "n")) return up_to(at + (is_apostrophe(line[at + 2]) ? 3 : 2));
  for (const std::string_view rest : {"till", "til", "em"})
    if (line.has(at + 1, rest)) return up_to(at + 1 + rest.size());
  if (!is_ascii_digit(line[at + 1])) return {};
  if (line[at + 1] >= U'2' && line[at + 2] == U'0' && line.has(at + 3, "s")) return up_to(at + 4);
  const bool is_year = is_ascii_digit(line[at + 2]) && is_treebank_space(line[at + 3]);
  return is_year ? TreebankMatch{at + 3, at + 4} : TreebankMatch{};
}

/// "O'Brien", "ma'am", "l'", "y'".
TreebankMatch match_inner_apostrophe(const TreebankLine& line, size_t at) {
  const auto letters_end = [&](size_t from) { return skip_while(line, from, is_treebank_letter); };
  TreebankMatch best;
  if (is_one_of(line[at], U"lLdDjJ") && is_apostrophe(line[at + 1])) best = up_to(at + 2);
  const bool is_initial = (is_upper(line[at]) && !is_one_of(line[at], U"IY")) || line[at] == U'n';
  if (is_initial && is_any_apostrophe(line[at + 1]) && letters_end(at + 2) >= at + 4)
    best = up_to(letters_end(at + 2));
  const size_t mark = letters_end(at);
  if (mark >= at + 2 && is_one_of(line[mark - 1], U"aeiouyAEIOUY") &&
      is_any_apostrophe(line[mark]) &&
      (is_upper(line[mark + 1]) || is_one_of(line[mark + 1], U"aeiou")))
    best = up_to(std::max(best.end, letters_end(mark + 1)));
  const bool is_you = line.has(at, "y") && is_apostrophe(line[at + 1]);
  if (is_you && is_treebank_letter(line[at + 2]) && best.reach < at + 3) best = {at + 2, at + 3};
  return best;
}

/// "http://a.b/c", "www.a.com/b", "a.org/b".
TreebankMatch match_address(const TreebankLine& line, size_t at) {
  const auto run_end = [&](size_t from, std::u32string_view outside) {
    return skip_while(
        line, from, [&](char32_t c) { return !is_one_of(c, outside) && c != U'\n' && c != U'\r'; });
  };
  const auto path_end = [&](size_t from, std::u32string_view outside = U" \t\f\"<>|()") {
    size_t end = run_end(from, outside);
    while (end > from && is_one_of(line[end - 1], U".!?(){},-")) --end;
    return end - from >= 2 ? end : from;
  };
  for (const std::string_view scheme : {"http://", "https://"})
    if (const size_t from = at + scheme.size(); line.has(at, scheme))
      if (const size_t end = path_end(from, U" \t\f\"<>|(){}"); end > from) return up_to(end);
  const bool is_www = line.has(at, "www.");
  const auto host_part_end = [&](size_t from) {
    const size_t end = run_end(from, is_www ? U" \t\f\"<>|.!?(){},/" : U" \t\f\"`'<>|.!?(){}$");
    const auto is_odd = [](char32_t c) { return c >= U',' && c <= U'_'; };
    return is_www ? end
                  : std::min(end, skip_while(line, from, [&](char32_t c) { return !is_odd(c); }));
  };
  size_t found = 0;
  for (size_t end = host_part_end(at); end > at && line[end] == U'.';) {
    const size_t next = host_part_end(end + 1);
    if (next == end + 1) break;
    const size_t letters = skip_while(line, end + 1, is_ascii_letter) - end - 1;
    if (is_www && end > at + 3 && letters >= 2) found = end + 1 + std::min<size_t>(letters, 4);
    for (const std::string_view top : {"com", "net", "org", "edu"})
      if (line.has(end + 1, top)) found = end + 4;
    end = next;
  }
  if (found == 0) return {};
  const size_t path = found + 1;
  return up_to(line[found] == U'/' && path_end(path) > path ? path_end(path) : found);
}

TreebankMatch match_mail_address(const TreebankLine& line, size_t at) {
  const size_t from = line[at] == U'<' ? at + 1 : at;
  if (!is_ascii_alnum(line[from])) return {};
  const auto is_part = [](char32_t c) {
    return !is_treebank_space(c) && !is_one_of(c, U"\"<>|(){}");
  };
  size_t sign = skip_while(line, from, is_part);
  const auto begins_host = [&](size_t i) {
    return line[i] == U'@' && is_part(line[i + 1]) && line[i + 1] != U'.';
  };
  while (sign > from && !begins_host(sign)) --sign;
  if (sign == from) return {};
  const auto in_label = [&](char32_t c) { return is_part(c) && c != U'.'; };
  size_t end = skip_while(line, sign + 1, in_label);
  while (line[end] == U'.' && in_label(line[end + 1])) end = skip_while(line, end + 1, in_label);
  return up_to(line[end] == U'>' ? end + 1 : end);
}

/// "@name", "#word".
TreebankMatch match_handle(const TreebankLine& line, size_t at) {
  if (line[at] == U'#' && is_word_letter(line[at + 1]))
    return up_to(skip_while(line, at + 1, is_word_letter));
  if (line[at] != U'@' || (!is_ascii_letter(line[at + 1]) && line[at + 1] != U'_')) return {};
  return up_to(skip_while(line, at + 1, [](char32_t c) { return is_ascii_alnum(c) || c == U'_'; }));
}

/// "pro-", "s&p-500", "c++", "c#".
TreebankMatch match_fixed_word(const TreebankLine& line, size_t at) {
  for (const std::string_view known : {"-lrb-", "-rrb-", "-lcb-", "-rcb-", "-lsb-", "-rsb-", "pro-",
                                       "anti-", "s&p-500", "s&ls", "c.d.s", "c++", "c#", "f#"})
    if (line.has(at, known)) return up_to(at + known.size());
  return {};
}

/// "and/or", "black-and-white/red".
TreebankMatch match_slashed(const TreebankLine& line, size_t at) {
  const auto part_end = [&](size_t from) {
    size_t end = skip_while(line, from, is_ascii_alnum);
    if (end == from) return from;
    for (int i = 0; i < 2 && line[end] == U'-' && is_ascii_letter(line[end + 1]); ++i)
      end = skip_while(line, end + 1, is_ascii_letter);
    return end;
  };
  size_t end = part_end(at);
  int slashes = 0;
  for (; end > at && slashes < 2 && line[end] == U'/' && part_end(end + 1) > end + 1; ++slashes)
    end = part_end(end + 1);
  return slashes > 0 ? up_to(end) : TreebankMatch{};
}

/// "3.5-inch", "non-u.s.": in front of the first hyphen also points and commas.
TreebankMatch match_hyphenated(const TreebankLine& line, size_t at) {
  if (!is_ascii_alnum(line[at])) return {};
  const auto is_part = [](char32_t c) { return is_ascii_alnum(c) || c == kSoftHyphen; };
  size_t end =
      skip_while(line, at, [&](char32_t c) { return is_part(c) || c == U'.' || c == U','; });
  size_t found = 0;
  while (line[end] == U'-' && is_part(line[end + 1])) {
    end = std::max(skip_while(line, end + 1, is_part), acronym_end(line, end + 1));
    found = end;
  }
  return found > 0 ? with_stop(line, found) : TreebankMatch{};
}

/// Letters and digits, joined by hyphens and underscores: "snow-covered", "4x4", "l'été-bar".
TreebankMatch match_compound(const TreebankLine& line, size_t at) {
  const auto part_end = [&](size_t from) {
    const bool elided = is_one_of(line[from], U"dDoOlL") && is_any_apostrophe(line[from + 1]);
    if (elided && is_treebank_alnum(line[from + 2]) && is_treebank_alnum(line[from + 3])) from += 2;
    return skip_while(line, from, is_treebank_alnum);
  };
  size_t end = part_end(at);
  if (end == at) return {};
  while (is_hyphen(line[end]) && part_end(end + 1) > end + 1) end = part_end(end + 1);
  return with_stop(line, end);
}

/// "AT&T", in capitals only.
TreebankMatch match_joined_capitals(const TreebankLine& line, size_t at) {
  size_t end = skip_while(line, at, is_upper);
  const size_t first = end;
  while (end > at && (line[end] == U'&' || line[end] == U'+') && is_upper(line[end + 1]))
    end = skip_while(line, end + 1, is_upper);
  return end > first ? with_stop(line, end) : TreebankMatch{};
}

constexpr TreebankRule kWordRules[] = {match_assimilation,
                                       match_word,
                                       match_word_before_not,
                                       match_fixed_apostrophe_word,
                                       match_leading_apostrophe,
                                       match_inner_apostrophe,
                                       match_address,
                                       match_mail_address,
                                       match_handle,
                                       match_contraction,
                                       match_fixed_word,
                                       match_slashed,
                                       match_abbreviation,
                                       match_hyphenated,
                                       match_compound,
                                       match_joined_capitals};

}  // namespace

std::span<const TreebankRule> treebank_word_rules() { return kWordRules; }

}  // namespace tandem
