#pragma once

#include <string>

#include "tandem/config/load.h"
#include "tandem/model/clip_model.h"

namespace tandem {

/// Returns the README.md of a model directory: YAML front matter as model hubs read it, then what
/// the model is and how to use it.
[[nodiscard]] std::string model_card(const ClipModel& model, const ModelConfig& config);

}  // namespace tandem
