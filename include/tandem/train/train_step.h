#pragma once

#include <cstdint>

#include <torch/types.h>

#include "tandem/core/token_batch.h"
#include "tandem/model/clip_model.h"
#include "tandem/train/clip_loss.h"

namespace tandem {

/// The pairs of a step. The texts may still be on the host: from there they cost no wait for the
/// device.
struct PairBatch {
  torch::Tensor images;  ///< uint8 [B, 3, S, S].
  TokenBatch tokens;     ///< B texts.
};

struct StepOptions {
  int64_t micro_batches = 1;  ///< Parts that are run one after the other; must divide the batch.
  uint64_t dropout_seed = 0;  ///< The masks of this step; part m uses mix_seed({dropout_seed, m}).
};

/// Runs forward, loss and backward of one batch and adds to the gradients of the parameters that
/// require them. Returns the loss of the whole batch, detached. Throws kUsage for micro-batches
/// that do not divide the batch.
///
/// A batch is embedded in parts, `loss` is differentiated once with respect to all embeddings, and
/// each part then receives its share: the gradients are those of the whole batch. Small models on
/// the CPU run their parts side by side. Micro-batches run one after the other, twice, the first
/// time without a graph: a step then needs the memory of one part's activations. Gao et al.,
/// "Scaling Deep Contrastive Learning Batch Size under Memory Limited Setup", arXiv:2101.06983.
/// The same number of CPU threads gives the same bits.
torch::Tensor forward_backward(ClipModel model, const PairBatch& pairs, const EmbeddingLoss& loss,
                               const StepOptions& options = {});

}  // namespace tandem
