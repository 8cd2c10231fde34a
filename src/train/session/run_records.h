#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "tandem/data/loader.h"
#include "tandem/train/trainer.h"
#include "train/metrics/metrics_log.h"
#include "train/metrics/tensorboard.h"
#include "train/run/run_directory.h"
#include "train/session/session.h"

namespace tandem {

/// What a run writes to be read: metrics.jsonl, TensorBoard events and the log. Writes
/// nothing but the log where the run directory is written by another process, and then knows no
/// losses.
class RunRecords {
 public:
  /// Goes on after `start_step`. Throws kCannotCreate and kIo.
  RunRecords(const RunDirectory& directory, const RunConfig& config, int64_t start_step);

  void write(const StepStats& stats);
  /// Those of an evaluation; nothing where it gave none.
  void write(int64_t step, const Metrics& metrics);
  /// The newest logged loss, NaN when there is none.
  [[nodiscard]] double last_loss() const noexcept {
    return metrics_ ? metrics_->last_loss() : std::numeric_limits<double>::quiet_NaN();
  }
  /// As MetricsLog::losses.
  [[nodiscard]] std::vector<LoggedLoss> losses() const {
    return metrics_ ? metrics_->losses() : std::vector<LoggedLoss>();
  }

 private:
  int64_t batch_size_;
  std::optional<MetricsLog> metrics_;
  std::optional<EventWriter> events_;
};

/// Logs what is about to be trained: size, device, schedule, decay groups, loss at chance,
/// memory of a step. Of a complete run, that it is.
void log_start(const TrainingSession& session, const RunDirectory& directory, int64_t start_step);

/// Logs the memory that a step needs, where the task knows it.
void log_memory_plan(const Task& task);

/// Logs what the loader met on the way: unusable samples by reason, cut captions, and a warning
/// when the tokenizer hardly knows the captions.
void log_data_summary(const LoaderStats& stats);

}  // namespace tandem
