#include "data/stream/sample_ring.h"

#include <algorithm>
#include <chrono>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "tandem/core/error.h"
#include "tandem/core/log.h"
#include "tandem/data/stall_error.h"

namespace tandem {

SampleRing::SampleRing(const SampleMaker& maker, const SampleRingOptions& options)
    : maker_(maker), options_(options), slots_(static_cast<size_t>(options.slots)) {
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
  const auto has_room = [this] {
    return claimed_ == options_.count || claimed_ - head_ < slots_.size();
  };
  while (!stop.stop_requested()) {
    uint64_t number = 0;
    {
      std::unique_lock lock(mutex_);
      if (!room_.wait(lock, stop, has_room) || claimed_ == options_.count) return;
      number = claimed_++;
    }
    maker_.make(options_.share.position(number), sample);
    bool awaited = false;
    {
      const std::lock_guard lock(mutex_);
      Slot& target = slot(number);
      std::swap(target.sample, sample);
      target.ready = true;
      awaited = number == head_;
    }
    if (awaited) ready_.notify_one();
  }
}

bool SampleRing::take(PreparedSample& sample) {
  {
    std::unique_lock lock(mutex_);
    if (head_ >= options_.count) return false;
    Slot& next = slot(head_);
    if (!next.ready) await_head(lock);
    std::swap(next.sample, sample);
    next.ready = false;
    ++head_;
  }
  room_.notify_one();
  return true;
}

void SampleRing::await_head(std::unique_lock<std::mutex>& lock) {
  using Seconds = std::chrono::duration<double>;
  const auto began = std::chrono::steady_clock::now();
  const auto waited = [&] { return Seconds(std::chrono::steady_clock::now() - began).count(); };
  const Slot& next = slot(head_);
  const auto pause = [&] {
    const double warning = options_.stall_warning_seconds, timeout = options_.stall_timeout_seconds;
    return Seconds(timeout > 0 ? std::min(warning, timeout - waited()) : warning);
  };
  while (!ready_.wait_for(lock, pause(), [&next] { return next.ready; })) report_stall(waited());
  waited_seconds_ += waited();
}

/// Says which sample is awaited; ends the wait when it has lasted too long.
void SampleRing::report_stall(double waited) const {
  const auto made =
      std::count_if(slots_.begin(), slots_.end(), [](const Slot& each) { return each.ready; });
  const uint64_t position = options_.share.position(head_);
  const std::string key = maker_.key(position);
  const std::string state =
      fmt::format("{} of {} prefetched samples are ready, {} threads are working", made,
                  slots_.size(), threads_.size());
  if (options_.stall_timeout_seconds > 0 && waited >= options_.stall_timeout_seconds) {
    throw StallError(
        ErrorKind::kIo,
        {.what = fmt::format("a sample was not ready after {:.3g} s; {}", waited, state),
         .where = key,
         .hint = "check that its disk or server answers",
         .reason = "stalled sample"});
  }
  log_warn(fmt::format("waiting {:.3g} s for sample {} (position {}); {}", waited, key, position,
                       state));
}

}  // namespace tandem
