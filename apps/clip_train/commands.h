#pragma once

#include <string>

#include "tandem/config/run_config.h"

namespace tandem::apps {

/// Tries out what run_training would do and tells what it will cost. Returns the exit code.
[[nodiscard]] int run_check(RunConfig config, const std::string& resume);

/// Trains, together with the other processes of the run if there are any (join_run.h); rank 0
/// alone reports. `resume` is auto, never, or a checkpoint directory. Returns the exit code, the
/// same on every rank: 0, or 75 when a signal stopped the run and the same command resumes.
[[nodiscard]] int run_training(RunConfig config, const std::string& resume);

}  // namespace tandem::apps
