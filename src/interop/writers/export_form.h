#pragma once

#include <string>
#include <vector>

#include "interop/names/layout.h"
#include "tandem/config/load.h"

namespace tandem {

/// The class of another library that is nearest to a model, and what the model has otherwise.
struct ExportForm {
  Layout layout = Layout::kTandem;
  std::string name;  ///< "CLIPModel", "VisionTextDualEncoderModel", …
  /// "model.text.pool: mean -> eot" for each field that would have to differ; empty when the class
  /// gives the model's numbers.
  std::vector<std::string> differences = {};
};

/// Returns the nearest class of transformers. It says nothing about pixels: every model's can be
/// written.
[[nodiscard]] ExportForm hugging_face_form(const ModelConfig& config);

/// Returns the nearest arrangement of open_clip, pixels included.
[[nodiscard]] ExportForm open_clip_form(const ModelConfig& config);

}  // namespace tandem
