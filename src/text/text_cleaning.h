#pragma once

#include <string>
#include <string_view>

#include "tandem/text/tokenizer.h"

namespace tandem {

/// Returns `text`, valid UTF-8, cleaned in one of the ways that TextCleaning names; as it is for
/// kAsFile. Case is lowered as Python does it, a final Σ becoming ς. There is no normal form.
[[nodiscard]] std::string clean_text(std::string_view text, TextCleaning cleaning);

}  // namespace tandem
