#include "train/session/divergence.h"

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tandem/core/log.h"

namespace tandem {

void log_skipped_step(int64_t step, const StepResult& result) {
  constexpr size_t kListed = 8;
  const size_t listed = std::min(kListed, result.keys.size());
  const std::vector<std::string> keys(result.keys.begin(),
                                      result.keys.begin() + static_cast<std::ptrdiff_t>(listed));
  log_warn(fmt::format("step {} is skipped: loss {}, gradient norm {}; its batch: {}{}", step,
                       result.losses.total.item<double>(), result.grad_norm.item<double>(),
                       fmt::join(keys, ", "), listed < result.keys.size() ? ", …" : ""));
}

void log_spike(const LossSpike& spike, const std::optional<Checkpoint>& point) {
  log_warn(
      fmt::format("loss spike at step {}: {:.4f} is {:.1f} standard deviations above the "
                  "last {} losses; {}",
                  spike.step, spike.loss, spike.zscore, spike.window,
                  point ? fmt::format("going back to step {}", point->step)
                        : "there is no checkpoint yet to go back to"));
}

Error diverged(const RunDirectory& directory, int64_t bad_in_a_row, int64_t step) {
  return {ErrorKind::kDiverged,
          {.what = fmt::format("training diverged: {} steps in a row up to step {} gave numbers "
                               "that are not finite; older checkpoints stay",
                               bad_in_a_row, step),
           .where = directory.path().string(),
           .hint = "a lower optim.lr or a longer warm-up; optim.grad_clip_norm = 1; a lower "
                   "model.logit_scale_max, or fp32 in place of bf16"}};
}

Error spiked_too_often(const RunDirectory& directory, int64_t rollbacks, int64_t step) {
  return {
      ErrorKind::kDiverged,
      {.what = fmt::format("the loss spiked again after {} rollbacks to step {}", rollbacks, step),
       .where = directory.path().string(),
       .hint = "a lower optim.lr; more train.spike_skip_batches; or resuming from an older "
               "checkpoint under another run.name"}};
}

}  // namespace tandem
