#pragma once

#include <string_view>
#include <vector>

namespace tandem {

/// Code points from `first` to `last`, both included.
struct CodePointRange {
  char32_t first = 0;
  char32_t last = 0;
};

/// Reads hexadecimal ranges such as `1C89-1C8A A7CB`, in ascending order.
[[nodiscard]] std::vector<CodePointRange> read_code_point_ranges(std::string_view text);

/// Whether `c` is in one of `ranges`, which are in ascending order.
[[nodiscard]] bool is_in(const std::vector<CodePointRange>& ranges, char32_t c) noexcept;

}  // namespace tandem
