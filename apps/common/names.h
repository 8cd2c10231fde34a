#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::apps {

/// Returns the names of a comma-separated list, trimmed; empty ones are kept, for the caller to
/// complain about.
[[nodiscard]] std::vector<std::string> split_names(std::string_view list);

/// Returns the lines of a file of names or templates, trimmed, without empty lines. Throws
/// kMissingInput, and kData when nothing is left.
[[nodiscard]] std::vector<std::string> read_names(const std::filesystem::path& path);

}  // namespace tandem::apps
