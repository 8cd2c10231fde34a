#pragma once

#include <vector>

#include "tandem/model/generation.h"

namespace tandem {

/// generate for kGreedy and kNucleus, with options that have been checked.
[[nodiscard]] std::vector<GeneratedText> generate_one_by_one(TextDecoder decoder,
                                                             const torch::Tensor& image_states,
                                                             const GenerationOptions& options,
                                                             const std::vector<int64_t>& numbers);

}  // namespace tandem
