#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

namespace tandem {

/// Whether `text` holds a sequence of characters that ftfy takes for mojibake: text that was
/// written in one encoding and read in another. Thread-safe; the first call builds a table.
[[nodiscard]] bool looks_like_mojibake(std::u32string_view text);

/// Calls `visit(begin, end)` for each longest run of sequences that look like UTF-8 which was read
/// in an encoding of one byte per character.
void for_each_utf8_lookalike(std::u32string_view text,
                             const std::function<void(size_t, size_t)>& visit);

}  // namespace tandem
