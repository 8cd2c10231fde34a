#pragma once

#include "interop/reading/foreign_config.h"

namespace tandem {

/// Returns what open_clip would write into `model_cfg` for a plain ViT and text transformer of
/// these weights. Their shapes say everything but the activation and the heads: those follow from
/// request.model_name (`ViT-B-32-quickgelu`), or from the weights being OpenAI's own TorchScript
/// file, which carries the sizes of its program. Throws kCheckpoint for another kind of model, and
/// for a name that is not known.
[[nodiscard]] Json open_clip_json_from_shapes(const ForeignRequest& request);

}  // namespace tandem
