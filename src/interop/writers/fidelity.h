#pragma once

#include <string>
#include <vector>

#include "tandem/config/load.h"

namespace tandem {

/// Returns every difference between two configurations that makes a model's embeddings, positions
/// or pixels another; fields of training (initial weights, dropout, freezing) do not count.
[[nodiscard]] std::vector<std::string> differences_in_numbers(ModelConfig ours, ModelConfig again);

}  // namespace tandem
