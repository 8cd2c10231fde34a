#pragma once

#include <string>
#include <string_view>

namespace tandem {

/// Returns `text` in lower case as Python's str.lower gives it: a Σ that ends a word becomes ς.
[[nodiscard]] std::string python_lower(const std::string& text);

/// Returns `text` in upper case as Python's str.upper gives it, for the characters that HTML has
/// names for.
[[nodiscard]] std::string python_upper(std::string_view text);

}  // namespace tandem
