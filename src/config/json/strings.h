#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tandem::config {

/// Returns the number of bytes of the UTF-8 character at the front of `text`, or 0 when there is no
/// valid one.
[[nodiscard]] size_t utf8_length(std::string_view text);

void append_utf8(std::string& out, uint32_t code_point);

/// Returns `text` as a JSON string, quotes included.
[[nodiscard]] std::string quote_json(std::string_view text);

/// Whether `text` is valid UTF-8.
[[nodiscard]] bool is_utf8(std::string_view text);

/// Returns at most some 60 bytes of `text`, cut between characters, for messages.
[[nodiscard]] std::string shorten(std::string_view text);

}  // namespace tandem::config
