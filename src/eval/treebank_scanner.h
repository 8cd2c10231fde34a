#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tandem {

/// Returns the Penn Treebank tokens of one caption in lower case, punctuation included: what
/// Stanford's PTBTokenizer 3.4.1 prints with -lowerCase for this line of a file in which `next`
/// follows. A token may hold U+00A0 where the caption has a space ("1 1/2").
[[nodiscard]] std::vector<std::string> treebank_tokens(std::string_view caption,
                                                       std::string_view next);

}  // namespace tandem
