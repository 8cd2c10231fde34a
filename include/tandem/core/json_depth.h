#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "tandem/core/error.h"

namespace tandem {

/// Deepest nesting of arrays and objects that is read from a JSON file. Copying and printing JSON
/// are recursive, and a file of a megabyte can hold a million levels.
inline constexpr size_t kMaxJsonDepth = 64;

/// Whether brackets outside of strings are nested deeper than kMaxJsonDepth in `text`. It need not
/// be valid JSON.
[[nodiscard]] bool is_too_deep_json(std::string_view text);

/// Throws `kind` when is_too_deep_json(text); `where` names the file.
void check_json_depth(std::string_view text, const std::string& where, ErrorKind kind);

}  // namespace tandem
