#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tandem/io/safetensors.h"

namespace tandem {

/// The weights in a file of torch.save, and what else it holds.
struct TorchFile {
  TensorMap tensors = {};  ///< Contiguous, on the CPU.
  std::map<std::string, std::string> unread =
      {};                                  ///< Other entries beside them, and what they are.
  std::string entry = {};                  ///< Where they were: "state_dict"; empty at the top.
  std::vector<std::string> left_out = {};  ///< Entries beside that one: "optimizer", "epoch".
};

/// Reads the weights in a file that torch.save or torch.jit.save has written: the zip format, or
/// the one before PyTorch 1.6. A state dict is taken as it is, or from the entry that holds it
/// (`state_dict`, `model`, `model_state_dict`, …, one inside another); a module that was saved
/// whole, and a TorchScript program, give their parameters and buffers. A pickle is a program;
/// this reader runs none of it: whatever it names but dictionaries and plain tensors becomes an
/// object without contents, and is left out. Tensors must lie inside their storages, and may not
/// claim far more elements than these have. Throws kMissingInput, kIo, and kCheckpoint for a
/// damaged file, and for one without a state dict or with several.
[[nodiscard]] TorchFile load_torch_pickle(const std::filesystem::path& path);

/// Reads the shards that an index (`pytorch_model.bin.index.json`) names, as
/// load_sharded_safetensors and load_torch_pickle do.
[[nodiscard]] TensorMap load_sharded_torch_pickle(const std::filesystem::path& index);

}  // namespace tandem
