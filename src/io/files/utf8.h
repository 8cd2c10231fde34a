#pragma once

#include <string>
#include <string_view>

#include "core/utf8.h"

namespace tandem {

/// Returns `text` in quotes for a message: cut to a readable length, controls and damaged bytes
/// shown as `?`.
[[nodiscard]] std::string in_quotes(std::string_view text);

}  // namespace tandem
