#pragma once

#include <string>

#include "tandem/text/tokenizer.h"

namespace tandem {

/// Returns a tokenizer.json without the member that only Tandem reads. What that member and
/// `lowercase` ask for becomes part of its normalizer, as far as one can say it; where neither asks
/// for anything, the rest stays as it is to the byte.
[[nodiscard]] std::string exported_json(const std::string& content, TextCleaning cleaning,
                                        bool lowercase);

}  // namespace tandem
