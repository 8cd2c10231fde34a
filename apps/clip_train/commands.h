#pragma once

#include <string>

#include "tandem/config/run_config.h"

namespace tandem::apps {

/// Tries out what run_training would do and tells what it will cost. Returns the exit code.
[[nodiscard]] int run_check(const RunConfig& config, const std::string& resume);

/// Trains; `resume` is auto, never, or a checkpoint directory. Returns the exit code: 0, or 75 when
/// a signal stopped the run and the same command resumes.
[[nodiscard]] int run_training(const RunConfig& config, const std::string& resume);

}  // namespace tandem::apps
