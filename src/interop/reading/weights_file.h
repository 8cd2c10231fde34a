#pragma once

#include <filesystem>

#include "tandem/interop/convert.h"
#include "tandem/io/torch_pickle.h"

namespace tandem {

struct FoundWeights {
  std::filesystem::path file;
  TorchFile content;  ///< Of a safetensors file the tensors only.
};

/// Returns the weights of `input`: a file of safetensors or of torch.save or an index of shards of
/// either, or a directory of theirs with such files under their usual names. Throws kMissingInput
/// with what else is in the directory, and kCheckpoint for a file of torch.save unless
/// `allow_pickle`.
[[nodiscard]] FoundWeights read_weights_of(const std::filesystem::path& input, ModelFormat format,
                                           bool allow_pickle);

/// Returns what a directory holds that looks like weights, and what each is, as one text; empty
/// when there is nothing. `hint` becomes what to do about the first.
[[nodiscard]] std::string describe_other_weights(const std::filesystem::path& directory,
                                                 std::string& hint);

}  // namespace tandem
