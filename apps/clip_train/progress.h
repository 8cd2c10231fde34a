#pragma once

#include <string>

#include "tandem/train/trainer.h"

namespace tandem::apps {

/// Returns one line about one logged step, without a line end: step, loss and loss at chance,
/// learning rate, temperature, speed, share of time spent waiting for data, time left.
[[nodiscard]] std::string describe(const StepStats& stats);

/// Returns a duration for people: `42s`, `3m 12s`, `2h 05m`.
[[nodiscard]] std::string describe_seconds(double seconds);

/// Returns what a run came to as one JSON object on one line.
[[nodiscard]] std::string to_json(const TrainSummary& summary);
[[nodiscard]] std::string to_json(const DryRunReport& report);

/// Shows a run's progress on standard error: one line that is written over on a terminal, one plain
/// line per log interval elsewhere. (Evaluations are reported by the trainer's log.)
class Progress {
 public:
  explicit Progress(bool terminal) : terminal_(terminal) {}
  void show(const StepStats& stats);
  /// Ends the line that is being written over, if any.
  void finish();

 private:
  bool terminal_;
  bool line_open_ = false;
};

}  // namespace tandem::apps
