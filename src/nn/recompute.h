#pragma once

#include <functional>
#include <memory>

#include <torch/types.h>

#include "tandem/nn/dropout.h"

namespace tandem {

/// Returns run(x), of which only x is kept for the backward pass; there `run` is called once more,
/// with `stream`, if any, where it stood. Parameters that `run` uses receive their gradients by
/// backward() alone. Without a graph to build, or when x needs no gradient, it is run(x) plainly.
torch::Tensor recomputed(const std::function<torch::Tensor(const torch::Tensor&)>& run,
                         const torch::Tensor& x, const std::shared_ptr<DropoutStream>& stream);

}  // namespace tandem
