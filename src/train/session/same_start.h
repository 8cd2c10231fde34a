#pragma once

#include <cstdint>

#include "train/session/session.h"

namespace tandem {

/// Throws kConfig, on every rank, with the first rank that differs from rank 0 in configuration
/// (place, device and threads aside), data, tokenizer, or in `step`, that of the checkpoint it
/// resumes from. Collective.
void require_same_start(const TrainingSession& session, int64_t step);

}  // namespace tandem
