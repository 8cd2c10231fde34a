#pragma once

#include <string>

#include "tandem/io/safetensors.h"

namespace tandem {

/// Copies `from` into the tensors of `own`, converting dtype and device. Throws kCheckpoint, where
/// the message begins with `what`, for other names or shapes; some tensors may be copied then.
void copy_tensors(const TensorMap& from, const TensorMap& own, const std::string& what);

}  // namespace tandem
