#include "tandem/distributed/connect.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "distributed/gloo_group.h"
#include "distributed/processes.h"

namespace tandem {
namespace {

class Connect : public testing::TestWithParam<int64_t> {
 protected:
  void SetUp() override {
    if (!connects_processes()) GTEST_SKIP() << "this LibTorch has no Gloo that works";
  }
};

void require(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error(what);
}

// What the methods of a communicator promise, in every dtype that travels.
std::string check_exchanges(Communicator& communicator) {
  const int64_t rank = communicator.rank(), world_size = communicator.world_size();
  const double all_ranks = static_cast<double>(world_size * (world_size - 1)) / 2;
  for (const auto dtype : {torch::kFloat32, torch::kFloat64, torch::kBFloat16, torch::kInt64}) {
    const torch::Tensor own = torch::full({2, 3}, rank, dtype);
    const torch::Tensor all = communicator.all_gather(own);
    require(all.size(0) == 2 * world_size && all.scalar_type() == dtype, "shape of all_gather");
    for (int64_t each = 0; each < world_size; ++each)
      require(torch::equal(all.slice(0, 2 * each, 2 * each + 2), torch::full({2, 3}, each, dtype)),
              "order of all_gather");
    torch::Tensor sum = own.clone();
    communicator.all_reduce(sum);
    require(torch::equal(sum, torch::full({2, 3}, all_ranks, dtype)), "sum");
    torch::Tensor root = own + 7;
    communicator.broadcast(root);
    require(torch::equal(root, torch::full({2, 3}, 7, dtype)), "broadcast");
  }
  torch::Tensor strided = torch::full({4, 4}, 1.0).slice(1, 0, 2);
  communicator.all_reduce(strided);
  require(torch::equal(strided, torch::full({4, 2}, double(world_size))), "sum of a view");
  require(communicator.agree(10 - rank) == 10, "agree");
  require(communicator.agree(-5 + rank) == world_size - 6, "agree on negative numbers");
  run_together(communicator, [] {});
  return "ok";
}

TEST_P(Connect, ExchangesTensorsAndValues) {
  const int64_t world_size = GetParam();
  const uint16_t port = test::free_port();
  test::Processes processes(world_size, [&](int64_t rank) {
    const auto communicator = connect(test::local_launch(rank, world_size, port), 60);
    return check_exchanges(*communicator);
  });
  for (int64_t rank = 0; rank < world_size; ++rank) {
    const test::Ending ending = processes.finish(rank);
    EXPECT_EQ(ending.code, 0);
    EXPECT_EQ(ending.report, "ok") << rank;
  }
}

INSTANTIATE_TEST_SUITE_P(Processes, Connect, testing::Values(2, 3, 4));

TEST(AddressTowards, IsThatOfTheInterface) {
  EXPECT_EQ(address_towards("127.0.0.1"), "127.0.0.1");
  EXPECT_EQ(address_towards("no.such.host.invalid"), "");
}

}  // namespace
}  // namespace tandem
