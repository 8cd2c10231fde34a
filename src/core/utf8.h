#pragma once

#include <cstddef>
#include <string_view>

#include "tandem/core/text.h"

namespace tandem {

/// One step through UTF-8 text.
struct Utf8Step {
  char32_t code_point = 0;  ///< U+FFFD when the bytes are no character.
  size_t bytes = 0;         ///< Bytes to advance by, at least 1.
  bool valid = false;
};

/// Reads the character at the start of `text`, which must not be empty. Overlong forms, surrogates
/// and values above U+10FFFF are not characters; a damaged sequence counts as one step up to the
/// byte that broke it (Unicode 15, table 3-8).
[[nodiscard]] Utf8Step read_utf8(std::string_view text) noexcept;

}  // namespace tandem
