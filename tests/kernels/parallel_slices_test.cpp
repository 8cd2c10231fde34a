#include <atomic>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "kernels/parallel.h"

namespace tandem::kernels {
namespace {

TEST(ParallelSlices, CallEachIndexOnceAwayFromTheCaller) {
  std::vector<std::atomic<int>> calls(37);
  std::atomic<bool> on_caller = false;
  const auto caller = std::this_thread::get_id();
  parallel_slices(37, [&](int64_t i) {
    ++calls[static_cast<size_t>(i)];
    if (std::this_thread::get_id() == caller) on_caller = true;
  });
  for (const auto& each : calls) EXPECT_EQ(each, 1);
  EXPECT_FALSE(on_caller);
  parallel_slices(0, [](int64_t) { FAIL(); });
}

TEST(ParallelSlices, KeepOperatorsOnOneThread) {
  std::mutex mutex;
  std::set<std::pair<int64_t, std::thread::id>> threads;
  parallel_slices(2, [&](int64_t i) {
    at::parallel_for(0, 1000, 1, [&](int64_t, int64_t) {
      const std::lock_guard lock(mutex);
      threads.emplace(i, std::this_thread::get_id());
    });
  });
  EXPECT_EQ(threads.size(), 2U) << "one for each slice";
}

TEST(ParallelSlices, ServeSeveralCallersAtOnce) {
  std::atomic<int64_t> sum = 0;
  std::vector<std::thread> callers;
  for (int c = 0; c < 6; ++c)
    callers.emplace_back([&] {
      for (int round = 0; round < 50; ++round) parallel_slices(5, [&](int64_t i) { sum += i; });
    });
  for (std::thread& each : callers) each.join();
  EXPECT_EQ(sum, 6 * 50 * 10);
}

TEST(ParallelSlices, ThrowAfterAllHaveEnded) {
  std::atomic<int> ended = 0;
  const auto failing = [&](int64_t i) {
    ++ended;
    if (i == 2) throw std::runtime_error("slice 2");
  };
  EXPECT_THROW(parallel_slices(6, failing), std::runtime_error);
  EXPECT_EQ(ended, 6);
  parallel_slices(3, [&](int64_t) { ++ended; });
  EXPECT_EQ(ended, 9) << "an error of one call is not seen by the next";
}

}  // namespace
}  // namespace tandem::kernels
