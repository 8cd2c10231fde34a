#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::config {

/// Returns the candidate nearest to `name` if it is near enough to be what was meant: at most two
/// edits, or 30 % of the name. Upper and lower case count as the same.
[[nodiscard]] std::optional<std::string> nearest_name(std::string_view name,
                                                      const std::vector<std::string>& candidates);

/// Returns our name for what other programs call `name`: learning_rate gives lr. Near misses count.
[[nodiscard]] std::optional<std::string> translated_name(std::string_view name);

/// Returns "a, b, c".
[[nodiscard]] std::string join(const std::vector<std::string>& parts, std::string_view between);

}  // namespace tandem::config
