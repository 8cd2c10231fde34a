#include "tandem/nn/dropout.h"

#include <ATen/ops/empty_like.h>

#include "tandem/core/device.h"
#include "tandem/core/random.h"

namespace tandem {

void DropoutStream::seed(uint64_t value) { at_ = {.seed = value, .calls = 0}; }

torch::Tensor DropoutStream::mask(const torch::Tensor& like, double p) {
  const double keep = 1.0 - p;
  return at::empty_like(like)
      .bernoulli_(keep, make_generator(like.device(), mix_seed({at_.seed, at_.calls++})))
      .div_(keep);
}

torch::Tensor Dropout::operator()(const torch::Tensor& x, bool training) const {
  if (!training || p_ == 0.0) return x;
  return x * stream_->mask(x, p_);
}

}  // namespace tandem
