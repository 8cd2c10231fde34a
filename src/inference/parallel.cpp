#include "inference/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace tandem {
namespace {

constexpr int64_t kMaxThreads = 16;

class FirstFailure {
 public:
  void record(int64_t index, std::exception_ptr failure) {
    const std::lock_guard lock(mutex_);
    if (failure_ && index_ < index) return;
    index_ = index;
    failure_ = std::move(failure);
  }
  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  std::mutex mutex_;
  int64_t index_ = 0;
  std::exception_ptr failure_;
};

}  // namespace

void parallel_for(int64_t count, const std::function<void(int64_t)>& body) {
  std::atomic<int64_t> next{0};
  FirstFailure failure;
  const auto work = [&] {
    for (int64_t index = next++; index < count; index = next++) {
      try {
        body(index);
      } catch (...) {
        failure.record(index, std::current_exception());
      }
    }
  };
  const int64_t cores = std::max(1U, std::thread::hardware_concurrency());
  const int64_t helpers = std::min({count, cores, kMaxThreads}) - 1;
  {
    std::vector<std::jthread> threads;
    try {
      for (int64_t i = 0; i < helpers; ++i) threads.emplace_back(work);
    } catch (const std::system_error&) {  // fewer threads do the same work
    }
    work();
  }
  failure.rethrow();
}

}  // namespace tandem
