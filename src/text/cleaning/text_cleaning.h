#pragma once

#include <string>
#include <string_view>

#include "tandem/text/tokenizer.h"

namespace tandem {

/// Returns `text`, valid UTF-8, cleaned in one of the ways that TextCleaning names; as it is for
/// kAsFile. Case is lowered as Python does it, a final Σ becoming ς.
[[nodiscard]] std::string clean_text(std::string_view text, TextCleaning cleaning);

/// Return valid UTF-8 with each run of what Python takes for white space as one space and none at
/// the ends, and without white space at one end.
[[nodiscard]] std::string join_spaces(std::string_view text);
[[nodiscard]] std::string_view without_leading_spaces(std::string_view text);
[[nodiscard]] std::string_view without_trailing_spaces(std::string_view text);

/// Whether Python's string.punctuation holds the character.
[[nodiscard]] bool is_ascii_punctuation(char c);

}  // namespace tandem
