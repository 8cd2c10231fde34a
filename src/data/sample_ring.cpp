#include "data/sample_ring.h"

#include <chrono>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "tandem/core/error.h"
#include "tandem/core/log.h"

namespace tandem {

SampleRing::SampleRing(const SampleMaker& maker, const SampleRingOptions& options)
    : maker_(maker),
      end_(options.end),
      slots_(static_cast<size_t>(options.slots)),
      claimed_(options.first),
      head_(options.first) {
  start(options.threads);
}

SampleRing::~SampleRing() {
  for (std::jthread& thread : threads_) thread.request_stop();
}

void SampleRing::start(int64_t threads) {
  threads_.reserve(static_cast<size_t>(threads));
  try {
    while (static_cast<int64_t>(threads_.size()) < threads)
      threads_.emplace_back([this](const std::stop_token& stop) { work(stop); });
  } catch (const std::system_error& error) {
    if (threads_.empty()) {
      throw Error(ErrorKind::kDevice, {.what = "cannot start a loader thread",
                                       .found = error.what(),
                                       .hint = "raise the limit on threads (ulimit -u)"});
    }
    log_warn(fmt::format("Only {} of {} loader threads could be started: {}.", threads_.size(),
                         threads, error.what()));
  }
}

void SampleRing::work(const std::stop_token& stop) {
  PreparedSample sample;
  const auto has_room = [this] { return claimed_ == end_ || claimed_ - head_ < slots_.size(); };
  while (!stop.stop_requested()) {
    uint64_t position = 0;
    {
      std::unique_lock lock(mutex_);
      if (!room_.wait(lock, stop, has_room) || claimed_ == end_) return;
      position = claimed_++;
    }
    maker_.make(position, sample);
    bool awaited = false;
    {
      const std::lock_guard lock(mutex_);
      Slot& target = slot(position);
      std::swap(target.sample, sample);
      target.ready = true;
      awaited = position == head_;
    }
    if (awaited) ready_.notify_one();
  }
}

bool SampleRing::take(PreparedSample& sample) {
  {
    std::unique_lock lock(mutex_);
    if (head_ >= end_) return false;
    Slot& next = slot(head_);
    if (!next.ready) {
      const auto began = std::chrono::steady_clock::now();
      ready_.wait(lock, [&next] { return next.ready; });
      const std::chrono::duration<double> waited = std::chrono::steady_clock::now() - began;
      waited_seconds_ += waited.count();
    }
    std::swap(next.sample, sample);
    next.ready = false;
    ++head_;
  }
  room_.notify_one();
  return true;
}

}  // namespace tandem
