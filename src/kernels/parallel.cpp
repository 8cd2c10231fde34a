#include "kernels/parallel.h"

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

}  // namespace tandem::kernels
