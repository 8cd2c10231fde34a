#include "train/session/numerics_guard.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace tandem {
namespace {

// A loss that hardly moves has no spread to speak of; this share of it is no spike.
constexpr double kSmallestSpread = 1e-3;

}  // namespace

bool NumericsGuard::add_skipped() {
  ++state_.skipped_steps;
  ++state_.bad_in_a_row;
  return state_.bad_in_a_row >= options_.max_bad_steps;
}

std::optional<double> NumericsGuard::find_spike(double loss) {
  const std::vector<double>& recent = state_.recent_losses;
  const auto count = static_cast<double>(recent.size());
  if (static_cast<int64_t>(recent.size()) >= options_.spike_window) {
    const double mean = std::accumulate(recent.begin(), recent.end(), 0.0) / count;
    double squares = 0;
    for (const double each : recent) squares += (each - mean) * (each - mean);
    const double spread = std::max(std::sqrt(squares / count), kSmallestSpread * std::abs(mean));
    const double zscore = (loss - mean) / spread;
    if (zscore > options_.spike_zscore) return zscore;
  }
  accept(loss);
  return std::nullopt;
}

void NumericsGuard::accept(double loss) {
  std::vector<double>& recent = state_.recent_losses;
  recent.push_back(loss);
  const auto window = static_cast<size_t>(options_.spike_window);
  if (recent.size() > window)
    recent.erase(recent.begin(), recent.end() - static_cast<std::ptrdiff_t>(window));
}

bool NumericsGuard::roll_back(NumericsState earlier, int64_t step) {
  if (step != rolled_back_to_) rollbacks_there_ = 0;
  rolled_back_to_ = step;
  ++rollbacks_there_;
  const int64_t rollbacks = state_.rollbacks + 1;
  const int64_t skipped = state_.skipped_steps;
  state_ = std::move(earlier);
  state_.rollbacks = rollbacks;
  state_.skipped_steps = skipped;
  return rollbacks_there_ > options_.max_rollbacks;
}

}  // namespace tandem
