#pragma once

#include <cstdint>

#include <torch/types.h>

#include "tandem/config/run_config.h"
#include "tandem/core/token_batch.h"
#include "tandem/loss/duplicates.h"
#include "tandem/model/clip_model.h"

namespace tandem {

struct AccumulationOptions {
  int64_t micro_batches = 1;           ///< Parts the batch is run in; must divide its size.
  double label_smoothing = 0.0;        ///< info_nce only.
  LossKind loss = LossKind::kInfoNce;  ///< kSigmoid needs a model with a parameter `logit_bias`.
  PairGroups groups = {};              ///< Which pairs are duplicates, and what to make of them.
  uint64_t dropout_seed = 0;  ///< The masks of this step; part m uses mix_seed({dropout_seed, m}).
};

/// Runs forward, loss and backward of one batch and adds to the parameters' gradients. `tokens` and
/// groups may still be on the host: from there they cost no wait for the device. Returns the
/// loss, a detached fp32 scalar on the device. Throws kConfig for a sigmoid loss without
/// logit_bias, kUsage for micro-batches that do not divide the batch.
///
/// With several micro-batches the loss is still that of the whole batch, all negatives kept, and
/// the gradients are those of one large batch: features of all parts are computed without a graph,
/// the loss is differentiated once with respect to them (and to logit_scale, counted once), then
/// each part runs again with the same dropout masks and receives its share. Gao et al., "Scaling
/// Deep Contrastive Learning Batch Size under Memory Limited Setup", arXiv:2101.06983.
torch::Tensor forward_backward(ClipModel model, const torch::Tensor& images,
                               const TokenBatch& tokens, const AccumulationOptions& options);

}  // namespace tandem
