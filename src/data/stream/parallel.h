#pragma once

#include <cstdint>
#include <functional>

namespace tandem {

/// Calls `action(i)` for every i in [0, count) from up to `threads` threads (0 takes one per core)
/// and returns when all are done. What an action throws is thrown here, that of the smallest i if
/// several do; further ones are then not begun.
void parallel_for(int64_t count, int64_t threads, const std::function<void(int64_t)>& action);

}  // namespace tandem
