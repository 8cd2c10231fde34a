#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

#ifdef _OPENMP
#include <omp.h>
#endif

#include "kernels/parallel.h"

// Intel MKL's, where LibTorch has it: the calling thread's number of threads.
extern "C" [[gnu::weak]] int MKL_Set_Num_Threads_Local(int threads);

namespace tandem::kernels {
namespace {

int operator_threads() {
#ifdef _OPENMP
  return omp_get_max_threads();
#else
  return 1;
#endif
}

struct Job {
  const int64_t count;
  const std::function<void(int64_t)>& body;
  int64_t begun = 0;
  int64_t finished = 0;
  std::exception_ptr failure = nullptr;
  std::condition_variable done = {};
};

class Workers {
 public:
  explicit Workers(int threads) {
    std::thread([this, threads] { host(threads); }).detach();
  }

  void run(Job& job) {
    std::unique_lock lock(mutex_);
    jobs_.push_back(&job);
    for (int64_t i = 0; i < job.count; ++i) work_.notify_one();
    job.done.wait(lock, [&] { return job.finished == job.count; });
  }

 private:
  // OpenMP's threads: operators of LibTorch stay on one thread inside. With more of them than
  // processors GCC's OpenMP also gives up waiting for work in a busy loop, in all its threads,
  // which would use up this process's share of a processor that others want.
  void host([[maybe_unused]] int threads) {
#pragma omp parallel num_threads(threads)
    work();
  }

  [[noreturn]] void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      work_.wait(lock, [&] { return !jobs_.empty(); });
      Job& job = *jobs_.front();
      const int64_t index = job.begun++;
      if (job.begun == job.count) jobs_.pop_front();
      lock.unlock();
      // MKL's code for several threads costs system calls in each product, also on one thread.
      // LibTorch sets the number at a thread's first operator, therefore it is set for each job.
      if (MKL_Set_Num_Threads_Local != nullptr) MKL_Set_Num_Threads_Local(1);
      std::exception_ptr failure;
      try {
        job.body(index);
      } catch (...) {
        failure = std::current_exception();
      }
      lock.lock();
      if (failure && !job.failure) job.failure = failure;
      if (++job.finished == job.count) job.done.notify_one();
    }
  }

  std::mutex mutex_;
  std::condition_variable work_;
  std::deque<Job*> jobs_;
};

}  // namespace

void parallel_slices(int64_t count, const std::function<void(int64_t)>& body) {
  if (count <= 0) return;
  // Never destroyed: its threads end with the process.
  static auto* const workers = new Workers(2 * operator_threads());
  Job job{.count = count, .body = body};
  workers->run(job);
  if (job.failure) std::rethrow_exception(job.failure);
}

}  // namespace tandem::kernels
