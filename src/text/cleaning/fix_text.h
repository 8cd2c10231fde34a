#pragma once

#include <string>
#include <string_view>

namespace tandem {

/// Returns `text`, valid UTF-8, as ftfy.fix_text of ftfy 6.3 repairs it by default, line by line:
/// HTML's character references (unless a `<` stands in the line or one before it), mojibake, Latin
/// ligatures, character width, curly quotes, line ends, terminal escapes, control characters, and
/// NFC. A line that still changes after 100 rounds stays as it is then.
[[nodiscard]] std::string fix_text(std::string_view text);

}  // namespace tandem
