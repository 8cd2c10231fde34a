#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tandem {

/// Returns one regular file as it is in a tar (ustar): header, content, padding. Owner 0, mode
/// 0644, `modified` in seconds, so that equal content gives equal bytes. Throws kUsage for a name
/// that does not fit into a ustar header (100 bytes; more with a `/` in the right place).
[[nodiscard]] std::string tar_member(std::string_view name, std::string_view content,
                                     uint64_t modified = 0);

/// The end of a tar: two empty blocks.
[[nodiscard]] std::string tar_end();

}  // namespace tandem
