#include "text/unicode/code_point_ranges.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace tandem {

std::vector<CodePointRange> read_code_point_ranges(std::string_view text) {
  std::vector<CodePointRange> ranges;
  const char* at = text.data();
  const char* end = text.data() + text.size();
  while (at < end) {
    uint32_t value = 0;
    const char* after = std::from_chars(at, end, value, 16).ptr;
    if (after == at) {
      ++at;
      continue;
    }
    if (at > text.data() && *(at - 1) == '-') {
      ranges.back().last = value;
    } else {
      ranges.push_back({value, value});
    }
    at = after;
  }
  return ranges;
}

bool is_in(const std::vector<CodePointRange>& ranges, char32_t c) noexcept {
  const auto after = std::upper_bound(
      ranges.begin(), ranges.end(), c,
      [](char32_t value, const CodePointRange& range) { return value < range.first; });
  return after != ranges.begin() && c <= (after - 1)->last;
}

}  // namespace tandem
