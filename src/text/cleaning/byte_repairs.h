#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tandem {

/// Whether `bytes` hold a sequence that would be UTF-8 if a space in it were byte 0xA0.
[[nodiscard]] bool has_spoiled_space(std::string_view bytes);

/// Returns `bytes` with 0xA0 in those places. An `à` that is a word keeps its space.
[[nodiscard]] std::string restore_spaces(std::string_view bytes);

/// Returns `bytes` with each sequence of UTF-8 that lost bytes (they are 0x1A, or one is `?`), and
/// each other 0x1A, as U+FFFD in UTF-8.
[[nodiscard]] std::string replace_lost_bytes(std::string_view bytes);

/// Returns the text of UTF-8 as Python decodes it, nothing for damaged UTF-8. Where a byte is 0xC0
/// or 0xED, Java's two bytes for U+0000 and surrogate pairs in UTF-8 (CESU-8) are read, too.
[[nodiscard]] std::optional<std::u32string> decode_utf8_variants(std::string_view bytes);

}  // namespace tandem
