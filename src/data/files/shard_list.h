#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tandem {

inline constexpr std::string_view kPipePrefix = "pipe:";

/// Returns the entries of a shard list: parts joined by `::`, braces expanded, and a folder
/// replaced by its files with this ending in order of name. Throws kConfig as expand_braces, for an
/// empty entry and for more than a million entries before one is looked at, kMissingInput for
/// shards that are not there (naming the first ones and how many) and for a folder without shards.
/// `pipe:` entries are passed through.
[[nodiscard]] std::vector<std::string> expand_shards(std::string_view list,
                                                     std::string_view ending = ".tar");

}  // namespace tandem
