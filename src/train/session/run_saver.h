#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include "tandem/train/trainer.h"
#include "train/run/checkpoint_writer.h"
#include "train/run/run_directory.h"
#include "train/session/numerics_guard.h"
#include "train/session/session.h"

namespace tandem {

/// Saves a run: checkpoints on the way, in the background, and the model directory at its end.
/// Knows when one is due and which is the best. Writes nothing where another process writes the run
/// directory. For one thread.
class RunSaver {
 public:
  /// All three must outlive it.
  RunSaver(const RunDirectory& directory, const TrainingSession& session,
           const NumericsGuard& guard);

  /// Resumes from `checkpoint`; `is_here` when it is in this run's own folder.
  void go_on_from(const Checkpoint& checkpoint, bool is_here);
  /// Whether a checkpoint is due after `step`, by count or by the clock of any rank. Collective.
  [[nodiscard]] bool is_due(int64_t step) const;
  /// Whether the newest checkpoint of this run holds the state after `step`.
  [[nodiscard]] bool has_saved(int64_t step) const;
  /// Begins to save the state after `step`, unless it is saved already.
  void save(int64_t step);
  /// Throws what became of a checkpoint in the background, and kIo when the run directory is gone.
  void check();
  /// Returns when everything is safely on disk. Throws what became of it.
  void wait() { writer_.wait(); }
  /// Looks at the evaluation after `step`. Returns whether it is the best so far: the state is to
  /// be saved then, and its checkpoint is kept. Throws kConfig when train.keep_best_metric is not
  /// among `metrics`. Collective.
  [[nodiscard]] bool note_evaluation(int64_t step, const Metrics& metrics);
  /// Returns the newest regular checkpoint up to `step` that is on disk, nothing when there is
  /// none. Those saved by the clock or on request do not count: a rollback must lead to the same
  /// place however often the run was interrupted.
  [[nodiscard]] std::optional<Checkpoint> rollback_point(int64_t step);
  /// Writes the model directory from the last or the best state, as train.save_model says. Returns
  /// the step that it is of.
  int64_t save_model(int64_t step);

 private:
  using Clock = std::chrono::steady_clock;

  void start_writing(int64_t step);
  [[nodiscard]] bool is_best(int64_t step, double value) const;
  [[nodiscard]] std::unique_ptr<Task> load_best() const;

  const RunDirectory& directory_;
  const TrainingSession& session_;
  const NumericsGuard& guard_;
  CheckpointWriter writer_;
  std::optional<BestEvaluation> best_;
  int64_t saved_step_ = -1;  // what the newest checkpoint of this run holds
  Clock::time_point saved_at_ = Clock::now();
};

}  // namespace tandem
