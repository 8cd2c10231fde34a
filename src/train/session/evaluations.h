#pragma once

#include <cstdint>
#include <vector>

#include "tandem/train/trainer.h"
#include "train/session/session.h"

namespace tandem {

/// Whether the run is evaluated after `step`, its end aside.
[[nodiscard]] inline bool is_evaluation_due(const EvalOptions& options, int64_t step) {
  return options.every_steps > 0 && step % options.every_steps == 0;
}

/// The evaluations of a run. For one thread.
class Evaluations {
 public:
  void add(Evaluator evaluator) { evaluators_.push_back(std::move(evaluator)); }
  [[nodiscard]] bool empty() const { return evaluators_.empty(); }

  /// Runs every evaluation on the model after `step` and returns the metrics of those that
  /// succeed. One that fails is a warning with its reason; under EvaluationFailure::kStop it is
  /// thrown as Error.
  Metrics run(const TrainingSession& session, int64_t step);
  /// Evaluations that failed so far.
  [[nodiscard]] int64_t failed() const { return failed_; }

 private:
  std::vector<Evaluator> evaluators_;
  int64_t failed_ = 0;
};

}  // namespace tandem
