#pragma once

#include <cstdint>
#include <memory>

#include <torch/types.h>

namespace tandem {

/// The random numbers of one forward pass. Every dropout of a tower draws from the tower's stream,
/// in the order of the forward pass; seeding it again replays the same masks, which is how a
/// micro-batch is run twice. No global state is involved.
class DropoutStream {
 public:
  /// Starts over: the masks that follow depend on `seed` and on the order of calls only.
  void seed(uint64_t value);
  /// Returns a mask of `like`'s shape, dtype and device: 1 / (1 - p) with probability 1 - p, else
  /// 0.
  torch::Tensor mask(const torch::Tensor& like, double p);
  /// The position in the stream. Going back to it replays the masks that followed.
  struct Position {
    uint64_t seed = 0;
    uint64_t calls = 0;
  };
  [[nodiscard]] Position position() const { return at_; }
  void go_to(Position position) { at_ = position; }

 private:
  Position at_;
};

/// Zeroes a share `p` of x and scales the rest up, when training. Srivastava et al., JMLR 15
/// (2014).
class Dropout {
 public:
  Dropout(double p, std::shared_ptr<DropoutStream> stream) : p_(p), stream_(std::move(stream)) {}
  torch::Tensor operator()(const torch::Tensor& x, bool training) const;

 private:
  double p_;
  std::shared_ptr<DropoutStream> stream_;
};

}  // namespace tandem
