#pragma once

#include <functional>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace tandem::kernels {

/// On each of four threads at once calls what `make` returns for it two hundred times, and expects
/// true of every call.
inline void expect_right_on_threads(const std::function<std::function<bool()>(int thread)>& make) {
  constexpr int kThreads = 4, kRounds = 200;
  std::vector<int> wrong(kThreads, 0);
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      const std::function<bool()> is_right = make(t);
      for (int round = 0; round < kRounds; ++round) {
        if (!is_right()) ++wrong[t];
      }
    });
  }
  for (std::thread& each : threads) each.join();
  for (int t = 0; t < kThreads; ++t) EXPECT_EQ(wrong[t], 0) << "thread " << t;
}

}  // namespace tandem::kernels
