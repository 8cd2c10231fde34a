#pragma once

#include <functional>
#include <vector>

#include <torch/types.h>

#include "tandem/nn/dropout.h"

namespace tandem {

/// Returns run(inputs), of which only the inputs are kept for the backward pass; there `run` is
/// called once more, with `stream`, if any, at the position of the first call. Parameters that
/// `run` uses receive their gradients by backward() alone. Without a graph to build, or when no
/// input needs a gradient, it is run(inputs) plainly.
torch::Tensor recomputed(const std::function<torch::Tensor(const std::vector<torch::Tensor>&)>& run,
                         const std::vector<torch::Tensor>& inputs,
                         const std::shared_ptr<DropoutStream>& stream);

}  // namespace tandem
