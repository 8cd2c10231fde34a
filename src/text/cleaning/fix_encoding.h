#pragma once

#include <string>
#include <string_view>

namespace tandem {

/// Returns `text` with mojibake turned back into what was written, as far as it can be known, as
/// ftfy 6.3 does it by default; and with the control characters U+0080 to U+009F of such text as
/// Windows-1252. Text that does not look like mojibake stays as it is.
[[nodiscard]] std::u32string fix_encoding(std::u32string text);

/// Returns what Windows-1252 has at a place that is a control character in Latin-1 (0x80 to 0x9F);
/// the control character itself at the five places that it leaves open.
[[nodiscard]] char32_t windows_1252(char32_t control);

}  // namespace tandem
