#pragma once

#include <array>
#include <functional>
#include <string>
#include <string_view>

namespace tandem {

/// Returns `text` as transformers' SiglipTokenizer cleans it: in lower case if asked, without
/// ASCII's punctuation, white space joined, the ends trimmed.
[[nodiscard]] std::string siglip_text(std::string_view text, bool lower);

/// Calls `visit(part, special)` for the parts of `▁` and the text that SiglipTokenizer splits it
/// into: the number of a token in `specials`, else -1 for text between them. White space beside
/// these tokens goes, `▁` in the text is a space.
void for_each_siglip_part(std::string_view text, const std::array<std::string, 2>& specials,
                          const std::function<void(std::string_view part, int special)>& visit);

}  // namespace tandem
