#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "tandem/config/run_config.h"
#include "tandem/train/checkpoint.h"

namespace tandem {

/// Judges the numbers of each step: counts those that are not finite, and knows a spike of the loss
/// by its distance from the recent ones. What it remembers goes into checkpoints, so that a resumed
/// run judges as one that never stopped.
class NumericsGuard {
 public:
  explicit NumericsGuard(TrainOptions options) : options_(std::move(options)) {}

  [[nodiscard]] const NumericsState& state() const noexcept { return state_; }
  void restore(NumericsState state) { state_ = std::move(state); }

  /// Counts a step that was left out. True when it was one too many in a row.
  bool add_skipped();
  /// Whether the losses of good steps are wanted: reading them costs a wait for the device.
  [[nodiscard]] bool wants_losses() const noexcept {
    return options_.on_spike == SpikePolicy::kRollback;
  }
  /// Ends a row of steps that were left out.
  void add_good() noexcept { state_.bad_in_a_row = 0; }
  /// Returns how many standard deviations `loss` lies above the mean of the recent losses when that
  /// makes it a spike. Otherwise returns nothing and remembers it. Nothing is a spike before the
  /// window is full.
  std::optional<double> find_spike(double loss);
  /// Remembers `loss` although it is a spike.
  void accept(double loss);
  /// Goes back to `earlier`, the memory of the checkpoint of `step`. True when that was one
  /// rollback too many to the same checkpoint.
  bool roll_back(NumericsState earlier, int64_t step);

 private:
  TrainOptions options_;
  NumericsState state_;
  int64_t rolled_back_to_ = -1;
  int64_t rollbacks_there_ = 0;
};

}  // namespace tandem
