#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tandem {

/// One step through UTF-8 text.
struct Utf8Step {
  char32_t code_point = 0;  ///< U+FFFD when the bytes are no character.
  size_t bytes = 0;         ///< Bytes to go on by, at least 1.
  bool valid = false;
};

/// Reads the character at the start of `text`, which must not be empty. Overlong forms, surrogates
/// and values above U+10FFFF are not characters; a damaged sequence counts as one step up to the
/// byte that broke it (Unicode 15, table 3-8).
[[nodiscard]] Utf8Step read_utf8(std::string_view text) noexcept;

/// Whether the whole text is valid UTF-8.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// Returns `text` in quotes for a message: cut to a readable length, controls and damaged bytes
/// shown as `?`.
[[nodiscard]] std::string in_quotes(std::string_view text);

}  // namespace tandem
