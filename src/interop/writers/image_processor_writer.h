#pragma once

#include "interop/reading/foreign_config.h"

namespace tandem {

/// Whether a class of transformers gives the pixels of `config.transform`, with Pillow behind it.
[[nodiscard]] bool is_stock_processing(const ModelConfig& config);

/// Returns a preprocessor_config.json: of transformers' own class where it gives the model's
/// pixels, else, and always beside modeling_tandem.py, of image_processing_tandem.py.
[[nodiscard]] Json image_processor_json(const ModelConfig& config, Layout layout);

}  // namespace tandem
