#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "data/sample_maker.h"

namespace tandem {

struct SampleRingOptions {
  uint64_t first = 0;   ///< First position.
  uint64_t end = 0;     ///< Position behind the last one.
  int64_t threads = 1;  ///< Threads that make samples.
  int64_t slots = 1;    ///< Samples made ahead, at most.
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
  [[nodiscard]] Slot& slot(uint64_t position) { return slots_[position % slots_.size()]; }

  const SampleMaker& maker_;
  uint64_t end_;
  std::vector<Slot> slots_;
  std::mutex mutex_;
  std::condition_variable_any room_;
  std::condition_variable ready_;
  uint64_t claimed_;  ///< Next position to be made.
  uint64_t head_;     ///< Next position to be taken.
  double waited_seconds_ = 0;
  std::vector<std::jthread> threads_;
};

}  // namespace tandem
