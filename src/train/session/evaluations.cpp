#include "train/session/evaluations.h"

#include <exception>

#include <fmt/format.h>

#include "model/evaluation_mode.h"
#include "tandem/core/error.h"
#include "tandem/core/library_error.h"
#include "tandem/core/log.h"

namespace tandem {

Metrics Evaluations::run(const TrainingSession& session, int64_t step) {
  const EvaluationMode mode(session.task().module());
  Metrics metrics;
  for (const Evaluator& evaluator : evaluators_) {
    try {
      run_together(session.communicator(), [&] { metrics.merge(evaluator(session.task())); });
    } catch (const std::exception& thrown) {
      const Error error = library_error(thrown);
      ++failed_;
      if (session.config().eval.on_error == EvaluationFailure::kStop) {
        throw Error(error.kind(), {.what = fmt::format(
                                       "the evaluation at step {} failed; the state is saved, and "
                                       "the same command resumes from it",
                                       step),
                                   .found = error.what(),
                                   .reason = std::string(error.reason())});
      }
      log_warn(
          fmt::format("the evaluation at step {} failed: {}. The run continues without its "
                      "metrics (eval.on_error: stop ends it instead)",
                      step, error.what()));
    }
  }
  return metrics;
}

}  // namespace tandem
