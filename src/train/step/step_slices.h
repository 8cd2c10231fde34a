#pragma once

#include <cstdint>

#include "tandem/model/clip_model.h"

namespace tandem {

/// Returns in how many slices a step of `pairs` pairs runs on the CPU, side by side and each with a
/// its own graph and gradients. 1 where that does not pay or would change the result: on a GPU,
/// for small batches, with dropout, whose masks follow from the order of calls, with a mean that
/// counts padding, and for models so large that the gradients of all slices cost much memory.
[[nodiscard]] int64_t step_slices(const ClipModel& model, int64_t pairs);

}  // namespace tandem
