#include "data/files/braces.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <iterator>
#include <optional>
#include <system_error>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "io/files/utf8.h"
#include "tandem/core/error.h"

namespace tandem {
namespace {

constexpr size_t kMaxBytes = size_t{1} << 28;  // of all texts together
constexpr int kMaxDepth = 64;

/// How many texts a part of the pattern has, and their bytes together.
struct Size {
  size_t texts = 1;
  size_t bytes = 0;
};

/// The numbers or letters of `first..last` or `first..last..step`.
struct Range {
  int64_t first = 0;
  uint64_t stride = 1;
  size_t count = 0;
  size_t longest = 1;  ///< In bytes.
  size_t width = 0;    ///< To which numbers are padded.
  bool up = true;
  bool letters = false;
};

[[noreturn]] void fail(std::string what, std::string_view where, std::string hint) {
  throw Error(ErrorKind::kConfig,
              {.what = std::move(what), .where = in_quotes(where), .hint = std::move(hint)});
}

struct Sequence;

/// One of several sequences.
struct Alternatives {
  std::vector<Sequence> options;
  std::vector<size_t> ends;  ///< How many texts this option and those before it have.
};

using Part = std::variant<std::string_view, Range, Alternatives>;

/// Parts one after the other; the first one changes slowest.
struct Sequence {
  std::vector<Part> parts;
  std::vector<size_t> counts;  ///< Texts of each part.
  Size size;
};

/// Parts between commas that stand in no further brace.
std::vector<std::string_view> split_at_commas(std::string_view text) {
  std::vector<std::string_view> parts;
  int depth = 0;
  size_t begin = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '{') ++depth;
    if (text[i] == '}') --depth;
    if (text[i] != ',' || depth != 0) continue;
    parts.push_back(text.substr(begin, i - begin));
    begin = i + 1;
  }
  parts.push_back(text.substr(begin));
  return parts;
}

std::optional<int64_t> whole_number(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_padded(std::string_view number) {
  if (number.starts_with('-')) number.remove_prefix(1);
  return number.size() > 1 && number[0] == '0';
}

bool is_letter(std::string_view text) {
  return text.size() == 1 && (std::isalpha(static_cast<unsigned char>(text[0])) != 0);
}

/// Returns nothing when the text is no range.
std::optional<Range> read_range(std::string_view text) {
  const size_t first_end = text.find("..");
  if (first_end == text.npos) return std::nullopt;
  const std::string_view rest = text.substr(first_end + 2);
  const size_t last_end = rest.find("..");
  const std::string_view from = text.substr(0, first_end);
  const std::string_view to = rest.substr(0, last_end);
  const bool letters = is_letter(from) && is_letter(to);
  const auto first = letters ? int64_t{from[0]} : whole_number(from);
  const auto last = letters ? int64_t{to[0]} : whole_number(to);
  const auto step = last_end == rest.npos ? 1 : whole_number(rest.substr(last_end + 2));
  if (!first || !last || !step || *step == INT64_MIN) return std::nullopt;
  Range range{.first = *first, .up = *first <= *last, .letters = letters};
  range.stride = std::max<uint64_t>(1, static_cast<uint64_t>(std::abs(*step)));
  const uint64_t steps = (range.up ? static_cast<uint64_t>(*last) - static_cast<uint64_t>(*first)
                                   : static_cast<uint64_t>(*first) - static_cast<uint64_t>(*last)) /
                         range.stride;
  if (steps >= kMaxBraceTexts) fail("the range is too long", text, "at most a million");
  range.count = steps + 1;
  range.longest = std::max(from.size(), to.size());
  if (is_padded(from) || is_padded(to)) range.width = range.longest;
  return range;
}

/// Reads a pattern into its parts and counts their texts.
class BraceReader {
 public:
  explicit BraceReader(std::string_view pattern) : pattern_(pattern) {}

  [[nodiscard]] Sequence read(std::string_view text) const {
    Sequence sequence;
    size_t begin = 0;  // of the literal text before the next choice
    for (size_t open = text.find('{'); open != text.npos; open = text.find('{', open)) {
      const size_t close = closing_brace(text, open);
      const std::string_view inside = text.substr(open + 1, close - open - 1);
      std::optional<std::pair<Part, Size>> choice = read_choice(inside);
      if (!choice) {
        ++open;
        continue;
      }
      append_literal(sequence, text.substr(begin, open - begin));
      append(sequence, std::move(choice->first), choice->second);
      begin = open = close + 1;
    }
    append_literal(sequence, text.substr(begin));
    return sequence;
  }

 private:
  void check(const Size& size) const {
    if (size.texts > kMaxBraceTexts || size.bytes > kMaxBytes)
      fail("the braces expand to more than a million paths or 256 MiB", pattern_,
           "name folders instead");
  }

  /// Where the brace at `open` is closed.
  [[nodiscard]] size_t closing_brace(std::string_view text, size_t open) const {
    int depth = 0;
    for (size_t i = open; i < text.size(); ++i) {
      if (text[i] == '{' && ++depth > kMaxDepth)
        fail(fmt::format("braces nested deeper than {}", kMaxDepth), pattern_,
             "name folders instead");
      if (text[i] == '}' && --depth == 0) return i;
    }
    const auto at = static_cast<size_t>(text.data() - pattern_.data()) + open + 1;
    fail(fmt::format("the brace at character {} is not closed", at), pattern_,
         "write ranges as {000..012}");
  }

  /// Returns nothing for braces without a comma or a range.
  [[nodiscard]] std::optional<std::pair<Part, Size>> read_choice(std::string_view inside) const {
    const std::vector<std::string_view> options = split_at_commas(inside);
    if (options.size() > 1) return read_alternatives(options);
    const std::optional<Range> range = read_range(inside);
    if (!range) return std::nullopt;
    return std::pair{Part(*range), Size{range->count, range->count * range->longest}};
  }

  [[nodiscard]] std::pair<Part, Size> read_alternatives(
      const std::vector<std::string_view>& options) const {
    check({.texts = options.size()});
    Alternatives alternatives;
    Size size{.texts = 0};
    for (const std::string_view option : options) {
      alternatives.options.push_back(read(option));
      size.texts += alternatives.options.back().size.texts;
      size.bytes += alternatives.options.back().size.bytes;
      check(size);
      alternatives.ends.push_back(size.texts);
    }
    return {std::move(alternatives), size};
  }

  void append_literal(Sequence& sequence, std::string_view text) const {
    if (!text.empty()) append(sequence, text, {.texts = 1, .bytes = text.size()});
  }

  /// Follows every text of the sequence with every text of the part.
  void append(Sequence& sequence, Part part, const Size& more) const {
    check(more);
    Size& size = sequence.size;
    size = {.texts = size.texts * more.texts,
            .bytes = size.bytes * more.texts + more.bytes * size.texts};
    check(size);
    sequence.parts.push_back(std::move(part));
    sequence.counts.push_back(more.texts);
  }

  std::string_view pattern_;
};

void append_text(const Sequence& sequence, size_t index, std::string& text);

void append_text(const Range& range, size_t index, std::string& text) {
  const uint64_t distance = index * range.stride;
  const auto first = static_cast<uint64_t>(range.first);
  const auto value = static_cast<int64_t>(range.up ? first + distance : first - distance);
  if (range.letters) {
    text += static_cast<char>(value);
  } else {
    fmt::format_to(std::back_inserter(text), "{:0{}}", value, range.width);
  }
}

void append_text(const Alternatives& alternatives, size_t index, std::string& text) {
  const std::vector<size_t>& ends = alternatives.ends;
  const auto option =
      static_cast<size_t>(std::upper_bound(ends.begin(), ends.end(), index) - ends.begin());
  const size_t begin = option == 0 ? 0 : ends[option - 1];
  append_text(alternatives.options[option], index - begin, text);
}

/// Appends the text at `index` of the sequence.
void append_text(const Sequence& sequence, size_t index, std::string& text) {
  size_t later = sequence.size.texts;  // texts of the parts that follow
  for (size_t i = 0; i < sequence.parts.size(); ++i) {
    later /= sequence.counts[i];
    const Part& part = sequence.parts[i];
    if (const auto* literal = std::get_if<std::string_view>(&part)) {
      text += *literal;
    } else if (const auto* range = std::get_if<Range>(&part)) {
      append_text(*range, index / later, text);
    } else {
      append_text(std::get<Alternatives>(part), index / later, text);
    }
    index %= later;
  }
}

}  // namespace

std::vector<std::string> expand_braces(std::string_view text) {
  const Sequence sequence = BraceReader(text).read(text);
  std::vector<std::string> texts(sequence.size.texts);
  for (size_t i = 0; i < texts.size(); ++i) append_text(sequence, i, texts[i]);
  return texts;
}

}  // namespace tandem
