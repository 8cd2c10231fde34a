#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tandem {

inline constexpr size_t kMaxBraceTexts = 1'000'000;

/// Returns the texts of a pattern with braces, as a shell expands it: `{a,b}`, `{000..012}` (digits
/// padded as the longer end is), `{0..10..2}`, `{a..e}`, nested ones too. Braces without a comma or
/// a range stay. The texts are counted before the first one is made. Throws kConfig for a brace
/// that is not closed, for braces nested deeper than 64, and for more than kMaxBraceTexts texts or
/// 256 MiB of them.
[[nodiscard]] std::vector<std::string> expand_braces(std::string_view text);

}  // namespace tandem
