#pragma once

#include <algorithm>
#include <barrier>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include <torch/types.h>
#include <torch/utils.h>

#include "tandem/distributed/communicator.h"

namespace tandem::test {

/// What the ranks of one simulated run share.
struct SharedBoard {
  explicit SharedBoard(int64_t world_size)
      : tensors(static_cast<size_t>(world_size)),
        values(static_cast<size_t>(world_size)),
        barrier(static_cast<std::ptrdiff_t>(world_size)) {}
  std::vector<torch::Tensor> tensors;
  std::vector<int64_t> values;
  std::barrier<> barrier;
};

/// One rank of a run whose processes are threads of this one.
class ThreadRank final : public Communicator {
 public:
  ThreadRank(std::shared_ptr<SharedBoard> board, int64_t rank)
      : board_(std::move(board)), rank_(rank) {}

  [[nodiscard]] int64_t rank() const override { return rank_; }
  [[nodiscard]] int64_t world_size() const override {
    return static_cast<int64_t>(board_->values.size());
  }
  [[nodiscard]] torch::Tensor all_gather(const torch::Tensor& tensor) override {
    const torch::NoGradGuard no_grad;
    const Exchange exchange(*this, tensor);
    return torch::cat(board_->tensors);
  }
  void all_reduce(torch::Tensor tensor) override {
    const torch::NoGradGuard no_grad;
    torch::Tensor sum = torch::zeros_like(tensor);
    {
      const Exchange exchange(*this, tensor);
      for (const torch::Tensor& each : board_->tensors) sum += each;
    }
    tensor.copy_(sum);
  }
  void broadcast(torch::Tensor tensor) override {
    const torch::NoGradGuard no_grad;
    torch::Tensor root;
    {
      const Exchange exchange(*this, tensor);
      root = board_->tensors.front().clone();
    }
    tensor.copy_(root);
  }
  [[nodiscard]] int64_t agree(int64_t value) override {
    board_->values[static_cast<size_t>(rank_)] = value;
    board_->barrier.arrive_and_wait();
    const int64_t largest = *std::max_element(board_->values.begin(), board_->values.end());
    board_->barrier.arrive_and_wait();
    return largest;
  }

 private:
  /// The time in which every rank may read the tensors of all.
  class Exchange {
   public:
    Exchange(ThreadRank& rank, const torch::Tensor& tensor) : board_(*rank.board_) {
      board_.tensors[static_cast<size_t>(rank.rank_)] = tensor;
      board_.barrier.arrive_and_wait();
    }
    ~Exchange() { board_.barrier.arrive_and_wait(); }
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

   private:
    SharedBoard& board_;
  };

  std::shared_ptr<SharedBoard> board_;
  int64_t rank_;
};

/// Runs `body` as every rank of a run of `world_size` processes, each in a thread of its own.
inline void run_ranks(int64_t world_size,
                      const std::function<void(const std::shared_ptr<Communicator>&)>& body) {
  const auto board = std::make_shared<SharedBoard>(world_size);
  std::vector<std::thread> threads;
  for (int64_t rank = 0; rank < world_size; ++rank)
    threads.emplace_back([&, rank] { body(std::make_shared<ThreadRank>(board, rank)); });
  for (std::thread& each : threads) each.join();
}

}  // namespace tandem::test
