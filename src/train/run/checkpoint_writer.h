#pragma once

#include <cstdint>
#include <filesystem>
#include <future>

#include "tandem/train/checkpoint.h"

namespace tandem {

/// Writes checkpoints in the background, at most one at a time: training continues as soon as the
/// tensors are copied to host memory, which is kept for the next one. For one thread.
class CheckpointWriter {
 public:
  explicit CheckpointWriter(std::filesystem::path folder) : folder_(std::move(folder)) {}
  /// Waits for the one in flight; its failure is logged.
  ~CheckpointWriter();
  CheckpointWriter(const CheckpointWriter&) = delete;
  CheckpointWriter& operator=(const CheckpointWriter&) = delete;

  /// Waits for the one in flight, copies `checkpoint`, whose tensors may change afterwards, and
  /// begins to write it as save_checkpoint does. Throws what became of the one before.
  void start(const Checkpoint& checkpoint, const Retention& retention);
  /// Throws the failure of one that has ended; returns at once otherwise.
  void check();
  /// Returns when everything is safely on disk. Throws the failure of the one in flight.
  void wait();

 private:
  void write();

  std::filesystem::path folder_;
  Checkpoint copy_;
  Retention retention_;
  std::future<void> in_flight_;
};

}  // namespace tandem
