#include "tandem/distributed/communicator.h"

#include <atomic>
#include <stdexcept>

#include <gtest/gtest.h>
#include <torch/utils.h>

#include "distributed/thread_ranks.h"
#include "tandem/core/error.h"

namespace tandem {
namespace {

TEST(SingleProcess, ReturnsWhatItIsGiven) {
  const auto alone = single_process();
  EXPECT_EQ(alone->rank(), 0);
  EXPECT_EQ(alone->world_size(), 1);
  const torch::Tensor tensor = torch::arange(6).view({3, 2});
  EXPECT_TRUE(torch::equal(alone->all_gather(tensor), tensor));
  torch::Tensor sum = tensor.clone();
  alone->all_reduce(sum);
  alone->broadcast(sum);
  EXPECT_TRUE(torch::equal(sum, tensor));
  EXPECT_EQ(alone->agree(-3), -3);
}

TEST(ThreadRanks, ExchangeTensorsAndValues) {
  test::run_ranks(3, [](const std::shared_ptr<Communicator>& rank) {
    const auto number = static_cast<double>(rank->rank());
    for (int round = 0; round < 20; ++round) {
      const torch::Tensor own = torch::full({1, 2}, number + round);
      EXPECT_TRUE(torch::equal(rank->all_gather(own).select(1, 0),
                               torch::arange(3, torch::kFloat32) + round));
      torch::Tensor sum = own.clone();
      rank->all_reduce(sum);
      EXPECT_EQ(sum[0][1].item<double>(), 3.0 + 3 * round);
      torch::Tensor root = own.clone();
      rank->broadcast(root);
      EXPECT_EQ(root[0][0].item<double>(), round);
      EXPECT_EQ(rank->agree(10 * rank->rank() + round), 20 + round);
    }
  });
}

TEST(RunTogether, FailsOnEveryRankWhereItFailsOnOne) {
  std::atomic<int> own{0}, others{0};
  test::run_ranks(3, [&](const std::shared_ptr<Communicator>& rank) {
    try {
      run_together(*rank, [&] {
        if (rank->rank() == 1) throw std::runtime_error("no picture");
      });
      ADD_FAILURE() << "rank " << rank->rank() << " went on";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInterrupted);
      EXPECT_EQ(error.text().where, "rank 1");
      ++others;
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "no picture");
      EXPECT_EQ(rank->rank(), 1);
      ++own;
    }
  });
  EXPECT_EQ(own, 1);
  EXPECT_EQ(others, 2);
}

TEST(RunTogether, GoesOnWhereItFailsNowhere) {
  std::atomic<int> calls{0};
  test::run_ranks(
      2, [&](const std::shared_ptr<Communicator>& rank) { run_together(*rank, [&] { ++calls; }); });
  EXPECT_EQ(calls, 2);
}

}  // namespace
}  // namespace tandem
