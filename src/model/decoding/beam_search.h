#pragma once

#include <vector>

#include "tandem/model/generation.h"

namespace tandem {

/// generate for kBeam, with options that have been checked; as transformers 5 searches with
/// early_stopping = False.
[[nodiscard]] std::vector<GeneratedText> beam_search(TextDecoder decoder,
                                                     const torch::Tensor& image_states,
                                                     const GenerationOptions& options);

}  // namespace tandem
