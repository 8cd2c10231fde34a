#pragma once

#include <filesystem>

#include "tandem/interop/convert.h"
#include "tandem/io/safetensors.h"

namespace tandem {

struct FoundWeights {
  std::filesystem::path file;
  TensorMap tensors;
};

/// Returns the weights of a directory of theirs: one safetensors file, shards with an index, or,
/// if allowed, a PyTorch file. Throws kMissingInput with every name that was looked for.
[[nodiscard]] FoundWeights read_weights_of(const std::filesystem::path& directory,
                                           ModelFormat format, bool allow_pickle);

}  // namespace tandem
