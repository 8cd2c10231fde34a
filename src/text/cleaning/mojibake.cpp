#include "text/cleaning/mojibake.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <cstdint>
#include <map>
#include <vector>

#include "tandem/core/error.h"
#include "text/cleaning/mojibake_tables.h"
#include "text/unicode/code_point_ranges.h"
#include "text/unicode/unicode.h"

namespace tandem {
namespace {

constexpr size_t kMostPlaces = 128;
using Places = std::bitset<kMostPlaces>;

/// Calls `visit` for each part of `text` between separators.
template <typename Visit>
void for_each_part(std::string_view text, char separator, Visit visit) {
  while (true) {
    const size_t end = text.find(separator);
    visit(text.substr(0, end));
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

// As Python's regular expressions have them.
bool is_word(char32_t c) { return c == U'_' || has_flag(c, kLetter | kNumber); }
bool is_space(char32_t c) { return has_flag(c, kSpace) || (c >= 0x1C && c <= 0x1F); }
bool is_latin(char32_t c) { return (c >= U'A' && c <= U'Z') || (c >= U'a' && c <= U'z'); }

/// Characters that no list holds.
struct OpenSet {
  std::string_view name;
  bool (*holds)(char32_t);
  Places places = {};
};

/// All sequences as one automaton (Baeza-Yates and Gonnet, "A new approach to text searching",
/// 1992): each set of characters of each sequence is a place, which is a bit.
class SequenceFinder {
 public:
  SequenceFinder() : low_(kLowEnd) {
    for (const std::string_view sequence : mojibake_sequences()) add(sequence);
  }

  [[nodiscard]] bool finds(std::u32string_view text) const {
    Places reached;
    for (size_t at = 0; at < text.size(); ++at) {
      reached <<= 1;
      reached |= at == 0 ? starts_ | starts_of_text_ : starts_;
      reached &= places_of(text[at]);
      if ((reached & ends_).any()) return true;
    }
    return false;
  }

 private:
  static constexpr char32_t kLowEnd = 0x2600;

  void add(std::string_view sequence) {
    const bool at_start = sequence.starts_with('^');
    if (at_start) sequence.remove_prefix(1);
    (at_start ? starts_of_text_ : starts_).set(places_);
    for_each_part(sequence, ' ', [this](std::string_view set) {
      if (places_ == kMostPlaces) throw Error(ErrorKind::kInternal, "too many mojibake sequences");
      for_each_part(set, '+', [this](std::string_view name) { add_characters(name); });
      ++places_;
    });
    ends_.set(places_ - 1);
  }

  void add_characters(std::string_view name) {
    const auto open = std::ranges::find(open_sets_, name, &OpenSet::name);
    if (open != open_sets_.end()) {
      open->places.set(places_);
      return;
    }
    std::string_view ranges = name;
    for (const NamedCharacters& known : mojibake_characters())
      if (known.name == name) ranges = known.ranges;
    for (const CodePointRange& range : read_code_point_ranges(ranges)) {
      for (char32_t c = range.first; c <= range.last; ++c)
        (c < kLowEnd ? low_[c] : high_[c]).set(places_);
    }
  }

  [[nodiscard]] Places places_of(char32_t c) const {
    Places places;
    if (c < kLowEnd) {
      places = low_[c];
    } else if (const auto found = high_.find(c); found != high_.end()) {
      places = found->second;
    }
    for (const OpenSet& set : open_sets_)
      if (set.holds(c)) places |= set.places;
    return places;
  }

  std::vector<Places> low_;  ///< By code point.
  std::map<char32_t, Places> high_;
  std::array<OpenSet, 4> open_sets_{{{"word", is_word},
                                     {"space", is_space},
                                     {"not_latin", [](char32_t c) { return !is_latin(c); }},
                                     {"not_line_end", [](char32_t c) { return c != U'\n'; }}}};
  Places starts_, starts_of_text_, ends_;
  size_t places_ = 0;
};

/// What a character may be to the expressions of for_each_utf8_lookalike.
enum Clue : uint8_t {
  kFirstOf2 = 1,
  kFirstOf3 = 2,
  kFirstOf4 = 4,
  kContinuation = 8,
  kStrictContinuation = 16,
};

class ClueTable {
 public:
  ClueTable() {
    const Utf8Clues& clues = utf8_clues();
    add(clues.first_of_2, kFirstOf2);
    add(clues.first_of_3, kFirstOf3);
    add(clues.first_of_4, kFirstOf4);
    add(clues.continuation, kContinuation);
    add(clues.strict_continuation, kStrictContinuation);
  }
  [[nodiscard]] bool is(char32_t c, Clue clue) const {
    return c < clues_.size() && (clues_[c] & clue) != 0;
  }

 private:
  void add(std::string_view ranges, Clue clue) {
    for (const CodePointRange& range : read_code_point_ranges(ranges))
      for (char32_t c = range.first; c <= range.last; ++c) clues_.at(c) |= clue;
  }
  std::array<uint8_t, 0x2200> clues_{};
};

/// Returns the length of what looks like one character of UTF-8 at `at`, 0 for none.
size_t lookalike_at(const ClueTable& table, std::u32string_view text, size_t at) {
  size_t continuations = 0;
  while (continuations < 3 && at + continuations + 1 < text.size() &&
         table.is(text[at + continuations + 1], kContinuation)) {
    ++continuations;
  }
  if (continuations >= 1 && table.is(text[at], kFirstOf2)) return 2;
  if (continuations >= 2 && table.is(text[at], kFirstOf3)) return 3;
  if (continuations >= 3 && table.is(text[at], kFirstOf4)) return 4;
  return 0;
}

}  // namespace

bool looks_like_mojibake(std::u32string_view text) {
  static const SequenceFinder kFinder;
  return kFinder.finds(text);
}

void for_each_utf8_lookalike(std::u32string_view text,
                             const std::function<void(size_t, size_t)>& visit) {
  static const ClueTable kTable;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = begin;
    if (begin == 0 || !kTable.is(text[begin - 1], kStrictContinuation)) {
      while (end < text.size()) {
        const size_t length = lookalike_at(kTable, text, end);
        if (length == 0) break;
        end += length;
      }
    }
    if (end > begin) visit(begin, end);
    begin = std::max(end, begin + 1);
  }
}

}  // namespace tandem
