#pragma once

#include <cstdint>
#include <functional>

namespace tandem::kernels {

/// Calls body(0) … body(count - 1), several at a time on the threads that LibTorch's operators use,
/// which themselves stay on one thread meanwhile. Unless `parallel`, inside another such call, or
/// in a build without OpenMP: one after the other. The first exception is thrown again at the end.
void parallel_for(int64_t count, bool parallel, const std::function<void(int64_t)>& body);

/// Calls body(first, last) for parts of [0, count) of at most `size` each, as parallel_for.
void parallel_parts(int64_t count, int64_t size, const std::function<void(int64_t, int64_t)>& body);

}  // namespace tandem::kernels
