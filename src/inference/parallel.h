#pragma once

#include <cstdint>
#include <functional>

namespace tandem {

/// Calls body(0) … body(count - 1), several at a time from its own threads, and waits for all.
/// Throws what the call with the lowest number threw.
void parallel_for(int64_t count, const std::function<void(int64_t)>& body);

}  // namespace tandem
