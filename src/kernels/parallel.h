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

/// Calls body(0) … body(count - 1), each on a thread that keeps LibTorch's operators to itself; the
/// calling thread sleeps meanwhile. For few large parts, such as slices of a batch. The threads are
/// twice as many as torch::get_num_threads() was at the first call, shared by all callers, and wait
/// asleep, so that a busy process elsewhere costs its share of the processor and no more.
/// Thread-local modes of LibTorch are not taken over. The first exception is thrown again at the
/// end. Thread-safe. A body must not call this function.
void parallel_slices(int64_t count, const std::function<void(int64_t)>& body);

}  // namespace tandem::kernels
