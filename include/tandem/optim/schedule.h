#pragma once

#include <cstdint>

#include "tandem/config/run_config.h"

namespace tandem {

/// Learning rate as a pure function of the step.
class LearningRate {
 public:
  /// Resolves warm-up for a run of `total_steps`. Throws kConfig when the warm-up is not shorter
  /// than the run.
  LearningRate(const OptimOptions& options, int64_t total_steps);

  /// Returns the rate of step `step` (0-based): lr · (step + 1) / warmup during warm-up, then half
  /// a cosine from lr down to final_lr_ratio · lr, or lr throughout (constant).
  [[nodiscard]] double at(int64_t step) const;
  [[nodiscard]] int64_t warmup_steps() const { return warmup_steps_; }

 private:
  OptimOptions options_;
  int64_t total_steps_;
  int64_t warmup_steps_;
};

}  // namespace tandem
