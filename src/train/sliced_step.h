#pragma once

#include <functional>

#include "tandem/train/train_step.h"

namespace tandem {

/// How many slices of a batch of `pairs` run side by side on the CPU, each on a thread of its own
/// with a graph of its own; 1 where that does not pay or would change the result: with dropout,
/// whose masks follow from the order of calls, with a mean that counts padding, for small batches,
/// and for models so large that a set of gradients per thread costs much memory.
[[nodiscard]] int64_t step_slices(const ClipModel& model, int64_t pairs,
                                  const AccumulationOptions& options);

/// forward_backward in `slices` slices. Gradients are added up in the slices' order, so that the
/// same number of threads gives the same bits.
torch::Tensor sliced_forward_backward(
    ClipModel model, const torch::Tensor& images, const TokenBatch& tokens, int64_t slices,
    const std::function<torch::Tensor(const ClipEmbeddings&)>& loss_of);

}  // namespace tandem
