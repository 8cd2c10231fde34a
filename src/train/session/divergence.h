#pragma once

#include <cstdint>
#include <optional>

#include "tandem/core/error.h"
#include "train/run/run_directory.h"
#include "train/session/session.h"

namespace tandem {

/// Logs that step `step` was left out, with its numbers and the names of its samples.
void log_skipped_step(int64_t step, const StepResult& result);

/// A loss far above the `window` losses before it.
struct LossSpike {
  int64_t step = 0;
  double loss = 0;
  double zscore = 0;
  size_t window = 0;
};

/// Logs a spike and the checkpoint that the run goes back to, if there is one.
void log_spike(const LossSpike& spike, const std::optional<Checkpoint>& point);

/// Returns the error of a run in which `bad_in_a_row` steps up to `step` did not count.
[[nodiscard]] Error diverged(const RunDirectory& directory, int64_t bad_in_a_row, int64_t step);

/// Returns the error of a run whose loss spiked again after `rollbacks` rollbacks to step `step`.
[[nodiscard]] Error spiked_too_often(const RunDirectory& directory, int64_t rollbacks,
                                     int64_t step);

}  // namespace tandem
