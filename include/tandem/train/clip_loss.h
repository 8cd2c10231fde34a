#pragma once

#include <functional>

#include <torch/types.h>

#include "tandem/config/run_config.h"
#include "tandem/distributed/communicator.h"
#include "tandem/loss/duplicates.h"
#include "tandem/model/clip_model.h"

namespace tandem {

/// Returns the loss of a whole batch's embeddings, image_embeddings and text_embeddings [B, D]: a
/// scalar that can be differentiated with respect to them and to its own parameters. Of several
/// processes each passes those of its own part, and gets the loss of the whole batch.
using EmbeddingLoss = std::function<torch::Tensor(const ClipEmbeddings& embeddings)>;

struct ClipLossOptions {
  LossKind kind = LossKind::kInfoNce;  ///< kSigmoid needs a model with logit_bias.
  double label_smoothing = 0.0;        ///< info_nce only.
  PairGroups groups = {};  ///< Which pairs are duplicates, and how they count; of all processes.
};

/// Returns contrastive_loss or sigmoid_loss with the model's logit_scale and logit_bias, which get
/// their gradients from it; an fp32 scalar. Groups may be on the host. Throws kConfig for kSigmoid
/// without logit_bias.
[[nodiscard]] EmbeddingLoss clip_loss(const ClipModel& model, ClipLossOptions options = {});
/// The same over the pairs of all processes. `communicator` outlives the loss.
[[nodiscard]] EmbeddingLoss clip_loss(const ClipModel& model, ClipLossOptions options,
                                      Communicator& communicator);

}  // namespace tandem
