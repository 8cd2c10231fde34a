#pragma once

#include <string>
#include <string_view>

namespace tandem {

/// Cleans text as the original CLIP tokenizer does (openai/CLIP, clip/simple_tokenizer.py), short
/// of ftfy's repairs: HTML's character references are resolved twice, runs of white space become
/// one space, ends are trimmed, and case is lowered as Python does it, a final Σ becoming ς. There
/// is no normal form.
[[nodiscard]] std::string clean_as_clip(std::string_view text);

}  // namespace tandem
