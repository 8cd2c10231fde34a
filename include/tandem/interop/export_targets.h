#pragma once

#include <string>
#include <vector>

#include "tandem/config/load.h"

namespace tandem {

/// Whether one format can hold a model.
struct ExportTarget {
  std::string format;  ///< As clip-convert --to takes it: hf, open_clip.
  std::string form;    ///< The class that opens it there; of the nearest one where it cannot.
  bool possible = false;
  /// What the model would have to have otherwise to fit `form`: "model.text.pool: mean -> eot".
  std::vector<std::string> differences = {};
};

/// Returns what a model of this configuration can be exported to: one entry for each format. Every
/// model without cross attention can go to Hugging Face; one that no class of transformers holds
/// goes with modeling_tandem.py.
[[nodiscard]] std::vector<ExportTarget> export_targets(const ModelConfig& config);

/// Returns them as one line: "hf (as CLIPModel); not open_clip (model.text.pool: mean -> eot)".
[[nodiscard]] std::string describe(const std::vector<ExportTarget>& targets);

}  // namespace tandem
