#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <torch/types.h>

#include "tandem/train/task.h"

namespace tandem {

/// Gathers what happens between two log lines. Losses stay on the device until read() asks for
/// them: adding a step does not wait for it.
class StepMeter {
 public:
  struct Window {
    int64_t steps = 0;       ///< Steps since the last read, skipped ones included.
    double loss = 0;         ///< Mean over the steps that counted; NaN when none did.
    double grad_norm = 0;    ///< Likewise.
    double chance_loss = 0;  ///< Likewise.
    Metrics terms = {};      ///< Likewise, by name: TaskLosses::terms.
    double seconds = 0;      ///< Time of these steps.
    double wait_ratio = 0;   ///< Share of it spent waiting for data.
  };

  StepMeter() { start(); }

  /// `chance_loss` is what the loss would be by guessing.
  void add(const TaskLosses& losses, const torch::Tensor& grad_norm, double chance_loss);
  /// A step whose numbers do not count.
  void add_skipped() { ++steps_; }
  /// Takes `seconds` that were not training (evaluation, checkpoints) out of the window.
  void exclude(double seconds) { excluded_ += seconds; }
  /// Returns the window and starts the next one. `waited` is the loader's total so far.
  Window read(double waited);
  [[nodiscard]] bool empty() const { return steps_ == 0; }

 private:
  void start();

  torch::Tensor sums_;  // fp64 [2 + terms]: loss, gradient norm, terms in the order of names_
  std::vector<std::string> names_;
  int64_t steps_ = 0;
  int64_t counted_ = 0;
  double chance_losses_ = 0;
  double excluded_ = 0;
  double waited_before_ = 0;
  std::chrono::steady_clock::time_point began_;
};

}  // namespace tandem
