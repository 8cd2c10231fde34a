#pragma once

#include <filesystem>
#include <optional>

#include "config/checks/validate.h"
#include "config/fields/reader.h"
#include "tandem/config/load.h"

namespace tandem::config {

/// What the places named by model.pretrained, model.text.pretrained and model.image.pretrained say
/// about the models in them. A place without a configuration of ours says nothing.
struct PretrainedConfigs {
  std::optional<ModelConfig> whole, text, image;
};

/// Reads the configurations of the places that `reader` was given. Throws kConfig for a
/// configuration that is not valid.
[[nodiscard]] PretrainedConfigs read_pretrained(const Reader& reader);

/// Puts architecture, tokenizer and preprocessing of the pretrained models into `run`, to be
/// overridden by the keys that are given beside them.
void apply_pretrained(const PretrainedConfigs& pretrained, RunConfig& run);

/// Compares `run` with the pretrained models: adds to `found` what the weights cannot be loaded
/// with, and logs a warning for each value that changes what the weights compute.
void check_pretrained(const PretrainedConfigs& pretrained, const RunConfig& run,
                      Contradictions& found);

}  // namespace tandem::config
