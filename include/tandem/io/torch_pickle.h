#pragma once

#include <filesystem>

#include "tandem/io/safetensors.h"

namespace tandem {

/// Reads the tensors of a state dict that PyTorch has written with torch.save (its zip format,
/// since version 1.6), contiguous and on the CPU. A pickle is a program; this reader runs none of
/// it: it knows the few instructions that build dictionaries, tuples, numbers and texts, and the
/// names OrderedDict, _rebuild_tensor_v2, _rebuild_parameter and the typed storages. Anything else
/// is an error that names it. A dictionary with an entry `state_dict` stands for that entry.
/// Tensors must lie inside their storages, and may not claim more elements than these have. Throws
/// kMissingInput, kCheckpoint and kIo.
[[nodiscard]] TensorMap load_torch_pickle(const std::filesystem::path& path);

}  // namespace tandem
