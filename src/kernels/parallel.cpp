#include "kernels/parallel.h"

#include <algorithm>
#include <exception>
#include <mutex>

namespace tandem::kernels {

void parallel_for(int64_t count, [[maybe_unused]] bool parallel,
                  const std::function<void(int64_t)>& body) {
  std::exception_ptr failure;
  std::mutex mutex;
  // An exception must not leave the parallel part.
  const auto guarded = [&](int64_t index) noexcept {
    try {
      body(index);
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
    }
  };
  // The pool's own number of threads: asking for another one makes GCC's OpenMP build a new pool.
#pragma omp parallel for schedule(dynamic) if (parallel && count > 1)
  for (int64_t index = 0; index < count; ++index) guarded(index);
  if (failure) std::rethrow_exception(failure);
}

void parallel_parts(int64_t count, int64_t size,
                    const std::function<void(int64_t, int64_t)>& body) {
  const int64_t parts = (count + size - 1) / size;
  parallel_for(parts, parts > 1,
               [&](int64_t part) { body(part * size, std::min(count, (part + 1) * size)); });
}

}  // namespace tandem::kernels
