#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tandem/io/safetensors.h"

namespace tandem {

/// The evaluation whose metric was best so far, and the step of its checkpoint.
struct BestEvaluation {
  std::string metric = {};
  double value = 0;
  int64_t step = 0;
};

/// What the guard of the numbers remembers (train/session/numerics_guard.h).
struct NumericsState {
  int64_t skipped_steps = 0;               ///< Steps left out since the start.
  int64_t bad_in_a_row = 0;                ///< Of these, up to now.
  int64_t rollbacks = 0;                   ///< Made since the start.
  std::vector<double> recent_losses = {};  ///< That a spike is judged by, oldest first.
};

/// Everything that a run needs to resume as if it had not stopped. Random numbers are not in it:
/// they follow from the run seed and the positions below.
struct Checkpoint {
  int64_t step = 0;              ///< Optimizer steps done.
  uint64_t stream_position = 0;  ///< Loader position of the next batch.
  TensorMap weights = {};        ///< named_weights of what is trained.
  TensorMap task_state = {};     ///< Task::state.
  TensorMap optimizer = {};      ///< AdamW::state.
  int64_t optimizer_steps = 0;
  std::string config_json = {};  ///< Resolved configuration of the run.
  std::string data_fingerprint = {};
  std::string tokenizer_fingerprint = {};
  std::optional<BestEvaluation> best = {};
  NumericsState numerics = {};
};

/// Which checkpoints stay when a new one has arrived.
struct Retention {
  int64_t keep_last = 2;             ///< The newest ones; the one just saved stays in any case.
  int64_t keep_every_steps = 0;      ///< Multiples of it stay for good; 0 for none.
  int64_t keep_newest_multiple = 0;  ///< So does the newest multiple of this; 0 for none.
};

/// Writes `checkpoint` as `<folder>/step-<8 digits>/` (model.safetensors, optimizer.safetensors,
/// task.safetensors where the task has a state, config.json, state.json, manifest.json with sizes
/// and hashes) so that it is there whole or not
/// at all, and reads it back. Only when it is what was meant to be written does `<folder>/latest`
/// (a text file) point at it, and only then do older ones go, as `retention` says; that of
/// `checkpoint.best` stays. Returns its path. Throws kDiverged when a tensor holds a number that is
/// not finite, kIo when there is too little space (1.2 × its size is asked for), when writing fails
/// or when it is not read back as written, and kCannotCreate; older ones stay untouched then.
std::filesystem::path save_checkpoint(const std::filesystem::path& folder,
                                      const Checkpoint& checkpoint, const Retention& retention);
inline std::filesystem::path save_checkpoint(const std::filesystem::path& folder,
                                             const Checkpoint& checkpoint, int64_t keep_last) {
  return save_checkpoint(folder, checkpoint, Retention{.keep_last = keep_last});
}

/// Reads and verifies one checkpoint directory. Throws kMissingInput when it is not there,
/// kCheckpoint when it is not a checkpoint, or when a file in it is missing, damaged or of another
/// format version.
[[nodiscard]] Checkpoint load_checkpoint(const std::filesystem::path& directory);

/// Returns the newest checkpoint (by step, whatever the clocks and `latest` say) in `folder` that
/// verifies, or nothing when there is none. Damaged ones are set aside under a name ending in
/// `.damaged`, with a warning; what killed processes left half-written is removed. Throws
/// kCheckpoint for one of another format version, which is not ours to set aside.
[[nodiscard]] std::optional<std::filesystem::path> find_latest_checkpoint(
    const std::filesystem::path& folder);

/// Returns the path of the checkpoint of `step` in `folder`, whether it exists or not.
[[nodiscard]] std::filesystem::path checkpoint_path(const std::filesystem::path& folder,
                                                    int64_t step);

/// Returns the steps of the checkpoints in `folder`, newest first, without looking into them.
[[nodiscard]] std::vector<int64_t> list_checkpoint_steps(const std::filesystem::path& folder);

}  // namespace tandem
