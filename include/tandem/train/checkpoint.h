#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "tandem/io/safetensors.h"

namespace tandem {

/// Everything that a run needs to go on as if it had not stopped. Random numbers are not in it:
/// they follow from the run seed and the positions below.
struct Checkpoint {
  int64_t step = 0;              ///< Optimizer steps done.
  uint64_t stream_position = 0;  ///< Loader position of the next batch.
  TensorMap weights = {};        ///< named_weights of the model.
  TensorMap optimizer = {};      ///< AdamW::state.
  int64_t optimizer_steps = 0;
  std::string config_json = {};  ///< Resolved configuration of the run.
  std::string data_fingerprint = {};
  std::string tokenizer_fingerprint = {};
};

/// Writes `checkpoint` as `<folder>/step-<8 digits>/` (model.safetensors, optimizer.safetensors,
/// config.json, state.json, manifest.json with sizes and hashes) so that it is there whole or not
/// at all, points `<folder>/latest` (a text file) at it, then removes all but the newest
/// `keep_last` (at least one). Returns its path. Throws kDiverged when a tensor holds a number that
/// is not finite, kIo when there is too little space (1.2 × its size is asked for) or writing
/// fails, and kCannotCreate; older checkpoints stay untouched then.
std::filesystem::path save_checkpoint(const std::filesystem::path& folder,
                                      const Checkpoint& checkpoint, int64_t keep_last);

/// Reads and verifies one checkpoint directory. Throws kCheckpoint when a file is missing, damaged
/// or of another format version.
[[nodiscard]] Checkpoint load_checkpoint(const std::filesystem::path& directory);

/// Returns the newest checkpoint (by step, whatever the clocks and `latest` say) in `folder` that
/// verifies, or nothing when there is none. Damaged ones are set aside under a name ending in
/// `.damaged`, with a warning; what killed processes left half-written is removed. Throws
/// kCheckpoint for one of another format version, which is not ours to set aside.
[[nodiscard]] std::optional<std::filesystem::path> find_latest_checkpoint(
    const std::filesystem::path& folder);

}  // namespace tandem
