#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "data/stream/sample_maker.h"

namespace tandem {

struct SampleRingOptions {
  StreamShare share = {};             ///< The positions that are read.
  uint64_t count = 0;                 ///< How many of them.
  int64_t threads = 1;                ///< Threads that make samples.
  int64_t slots = 1;                  ///< Samples made ahead, at most.
  double stall_warning_seconds = 60;  ///< As LoaderOptions has them.
  double stall_timeout_seconds = 0;
};

/// Makes samples by several threads, ahead of their use, and gives them out in stream order.
class SampleRing {
 public:
  /// Throws kDevice when not even one thread can be started.
  SampleRing(const SampleMaker& maker, const SampleRingOptions& options);
  /// Waits for samples in the making only.
  ~SampleRing();
  SampleRing(const SampleRing&) = delete;
  SampleRing& operator=(const SampleRing&) = delete;

  /// Swaps the next sample into `sample` as soon as it is made; false at the end. For one thread.
  bool take(PreparedSample& sample);
  /// Time that take() spent waiting.
  [[nodiscard]] double waited_seconds() const { return waited_seconds_; }

 private:
  struct Slot {
    PreparedSample sample = {};
    bool ready = false;
  };
  void start(int64_t threads);
  void work(const std::stop_token& stop);
  void await_head(std::unique_lock<std::mutex>& lock);
  void report_stall(double waited) const;
  [[nodiscard]] Slot& slot(uint64_t number) { return slots_[number % slots_.size()]; }

  const SampleMaker& maker_;
  SampleRingOptions options_;
  std::vector<Slot> slots_;
  std::mutex mutex_;
  std::condition_variable_any room_;
  std::condition_variable ready_;
  uint64_t claimed_ = 0;  ///< Number of the next sample to be made.
  uint64_t head_ = 0;     ///< Number of the next sample to be taken.
  double waited_seconds_ = 0;
  std::vector<std::jthread> threads_;
};

}  // namespace tandem
