#include "data/stream/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace tandem {
namespace {

/// The failure of the smallest number.
class FirstFailure {
 public:
  void note(int64_t number, std::exception_ptr error) {
    const std::lock_guard lock(mutex_);
    if (error_ && number_ < number) return;
    number_ = number;
    error_ = std::move(error);
  }
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  std::mutex mutex_;
  int64_t number_ = 0;
  std::exception_ptr error_;
};

}  // namespace

void parallel_for(int64_t count, int64_t threads, const std::function<void(int64_t)>& action) {
  std::atomic<int64_t> next{0};
  FirstFailure failure;
  const auto work = [&] {
    for (int64_t i = next++; i < count; i = next++) {
      try {
        action(i);
      } catch (...) {
        failure.note(i, std::current_exception());
        next = count;
      }
    }
  };
  if (threads <= 0) threads = std::max(1U, std::thread::hardware_concurrency());
  {
    std::vector<std::jthread> pool;
    try {
      while (static_cast<int64_t>(pool.size()) + 1 < std::min(threads, count))
        pool.emplace_back(work);
    } catch (const std::system_error&) {  // fewer threads do the same work
    }
    work();
  }
  failure.rethrow();
}

}  // namespace tandem
