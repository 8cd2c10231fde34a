#include "tandem/optim/schedule.h"

#include <cmath>
#include <numbers>

#include "tandem/core/error.h"

namespace tandem {

LearningRate::LearningRate(const OptimOptions& options, int64_t total_steps)
    : options_(options),
      total_steps_(total_steps),
      warmup_steps_(options.warmup_steps.value_or(
          static_cast<int64_t>(options.warmup_ratio * static_cast<double>(total_steps)))) {
  if (warmup_steps_ >= total_steps) {
    throw Error(ErrorKind::kConfig,
                {.what = "the warm-up is not shorter than the run",
                 .where = "optim.warmup_steps",
                 .expected = "fewer than " + std::to_string(total_steps) + " steps",
                 .found = std::to_string(warmup_steps_),
                 .hint = "optim.warmup_ratio instead, or a longer run"});
  }
}

double LearningRate::at(int64_t step) const {
  if (step < warmup_steps_) {
    return options_.lr * static_cast<double>(step + 1) / static_cast<double>(warmup_steps_);
  }
  if (options_.schedule == Schedule::kConstant) return options_.lr;
  const double progress =
      static_cast<double>(step - warmup_steps_) / static_cast<double>(total_steps_ - warmup_steps_);
  const double floor = options_.final_lr_ratio * options_.lr;
  return floor + 0.5 * (1.0 + std::cos(std::numbers::pi * progress)) * (options_.lr - floor);
}

}  // namespace tandem
