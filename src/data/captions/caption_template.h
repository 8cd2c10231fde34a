#pragma once

#include <string>
#include <string_view>

namespace tandem {

/// Returns `pattern` with `name` in place of every {}, {c} and {label}; one that `name` itself
/// holds is not filled again. Throws kConfig when it has none.
[[nodiscard]] std::string fill_caption(std::string_view pattern, std::string_view name);

}  // namespace tandem
