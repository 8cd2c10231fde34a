#include <chrono>
#include <thread>

#include <gtest/gtest.h>

#include "distributed/processes.h"
#include "tandem/distributed/connect.h"

namespace tandem {
namespace {

class ConnectFaults : public testing::Test {
 protected:
  void SetUp() override {
    if (!connects_processes()) GTEST_SKIP() << "this LibTorch has no Gloo that works";
  }
};

TEST_F(ConnectFaults, NameARankThatNeverStarts) {
  const uint16_t port = test::free_port();
  test::Processes processes(2, [&](int64_t rank) {
    (void)connect(test::local_launch(rank, 3, port), 2);
    return std::string();
  });
  for (int64_t rank = 0; rank < 2; ++rank) {
    const test::Ending ending = processes.finish(rank);
    EXPECT_EQ(ending.code, 75);
    EXPECT_EQ(ending.report.find("rank 2: did not start within 2 s"), 0u) << ending.report;
  }
}

// Three ranks exchange numbers until one of them gets `signal`.
void expect_named(int64_t victim, int signal, const std::string& message) {
  const uint16_t port = test::free_port();
  test::Processes processes(3, [&](int64_t rank) {
    const auto communicator = connect(test::local_launch(rank, 3, port), 3);
    for (;;) {
      (void)communicator->agree(rank);
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return std::string();
  });
  std::this_thread::sleep_for(std::chrono::seconds(3));
  processes.send(victim, signal);
  const auto began = std::chrono::steady_clock::now();
  for (int64_t rank = 0; rank < 3; ++rank) {
    if (rank == victim) continue;
    const test::Ending ending = processes.finish(rank);
    EXPECT_EQ(ending.code, 75);
    EXPECT_EQ(ending.report.find("rank " + std::to_string(victim) + ": the process on"), 0u)
        << rank << ": " << ending.report;
    EXPECT_NE(ending.report.find(message), std::string::npos) << ending.report;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  EXPECT_LT(took.count(), 30);
}

TEST_F(ConnectFaults, NameAKilledRank) { expect_named(1, SIGKILL, "has ended or is stopped"); }
TEST_F(ConnectFaults, NameTheKilledHostOfTheStore) {
  expect_named(0, SIGKILL, "has ended or is stopped");
}
TEST_F(ConnectFaults, NameAStoppedRank) { expect_named(2, SIGSTOP, "has ended or is stopped"); }
TEST_F(ConnectFaults, NameTheStoppedHostOfTheStore) {
  expect_named(0, SIGSTOP, "has ended or is stopped");
}

TEST_F(ConnectFaults, NameARankThatDoesNotCome) {
  const uint16_t port = test::free_port();
  test::Processes processes(3, [&](int64_t rank) {
    const auto communicator = connect(test::local_launch(rank, 3, port), 2);
    (void)communicator->agree(0);
    if (rank == 1) std::this_thread::sleep_for(std::chrono::seconds(12));
    (void)communicator->agree(0);
    return std::string();
  });
  for (int64_t rank = 0; rank < 3; ++rank) {
    const test::Ending ending = processes.finish(rank);
    EXPECT_EQ(ending.code, 75);
    EXPECT_EQ(ending.report.find("rank 1: the process on"), 0u) << rank << ": " << ending.report;
    EXPECT_NE(ending.report.find("did not come to an exchange within 2 s"), std::string::npos)
        << ending.report;
  }
}

TEST_F(ConnectFaults, SayWhereRankZeroCannotListen) {
  const uint16_t port = test::free_port();
  test::Processes processes(2, [&](int64_t rank) {
    (void)connect(test::local_launch(0, 2, port), rank == 0 ? 8 : 3);
    return std::string();
  });
  const int first = processes.finish(0).code, second = processes.finish(1).code;
  EXPECT_TRUE((first == 73) != (second == 73)) << first << " " << second;
}

}  // namespace
}  // namespace tandem
