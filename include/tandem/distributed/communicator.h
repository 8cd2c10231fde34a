#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include <torch/types.h>

namespace tandem {

/// The processes (ranks) that train one model together, as one of them sees them. All methods
/// except rank() and world_size() are collective: every rank calls them in the same order, and none
/// returns before all have called. For one thread.
class Communicator {
 public:
  virtual ~Communicator() = default;
  [[nodiscard]] virtual int64_t rank() const = 0;  ///< In [0, world_size()).
  [[nodiscard]] virtual int64_t world_size() const = 0;

  /// Returns [world_size * B, ...]: the tensors [B, ...] of all ranks in the order of the ranks.
  /// Shape and dtype are the same on all of them. Not differentiable.
  [[nodiscard]] virtual torch::Tensor all_gather(const torch::Tensor& tensor) = 0;
  /// Replaces `tensor` by the sum over all ranks, which has the same bits on every rank.
  virtual void all_reduce(torch::Tensor tensor) = 0;
  /// Replaces `tensor` by that of rank 0.
  virtual void broadcast(torch::Tensor tensor) = 0;
  /// Returns the largest value of all ranks. What one rank notices and all must act on goes through
  /// it: a request to stop, a failure, a checkpoint that is due by the clock.
  [[nodiscard]] virtual int64_t agree(int64_t value) = 0;
};

/// Returns the communicator of a process that trains alone: its methods return what they were
/// given.
[[nodiscard]] std::shared_ptr<Communicator> single_process();

/// Whether this rank writes the files of a run: rank 0.
[[nodiscard]] inline bool is_writer(const Communicator& communicator) {
  return communicator.rank() == 0;
}

/// Runs `action`, on every rank. Where it throws on one rank, every rank throws: that one what was
/// thrown, the others an Error of the kind kInterrupted. Collective; `action` itself must not call
/// collective methods.
void run_together(Communicator& communicator, const std::function<void()>& action);

}  // namespace tandem
