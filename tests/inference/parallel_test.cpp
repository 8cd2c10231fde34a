#include "inference/parallel.h"

#include <atomic>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace tandem {
namespace {

TEST(ParallelFor, CallsEveryNumberOnce) {
  std::vector<std::atomic<int>> calls(1000);
  parallel_for(1000, [&](int64_t i) { ++calls[static_cast<size_t>(i)]; });
  for (const auto& count : calls) EXPECT_EQ(count.load(), 1);
  parallel_for(0, [](int64_t) { FAIL() << "there is nothing to call for"; });
}

TEST(ParallelFor, ThrowsWhatTheLowestNumberThrewAfterAllHaveRun) {
  for (int round = 0; round < 20; ++round) {
    std::atomic<int> calls{0};
    try {
      parallel_for(64, [&](int64_t i) {
        ++calls;
        if (i % 7 == 5) throw std::runtime_error(std::to_string(i));
      });
      FAIL() << "nothing was thrown";
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "5");
    }
    EXPECT_EQ(calls.load(), 64);
  }
}

}  // namespace
}  // namespace tandem
