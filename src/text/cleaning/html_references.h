#pragma once

#include <string>
#include <string_view>

namespace tandem {

/// Returns `text` with HTML's character references resolved as Python's html.unescape does it: with
/// or without their semicolons, once.
[[nodiscard]] std::string unescape_html(std::string_view text);

/// Returns `text` with those resolved that are beyond doubt, as ftfy 6.3 does it: they end in a
/// semicolon. Names of small letters are known in capitals too (`&EACUTE;`).
[[nodiscard]] std::string unescape_clear_html(std::string_view text);

}  // namespace tandem
