#pragma once

#include "interop/reading/config_object.h"

namespace tandem {

/// Ends the reading of a configuration of transformers, whole or of one tower. What every release
/// since 4.0 writes and what cannot change an embedding is known. A field that changes embeddings
/// is fine at the one value that our models have. Throws kCheckpoint for everything else that was
/// not read.
void finish_hugging_face(ConfigObject& config);

/// Whether no value of this field changes an embedding.
[[nodiscard]] bool is_harmless(std::string_view key);

}  // namespace tandem
