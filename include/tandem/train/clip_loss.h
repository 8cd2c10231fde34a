#pragma once

#include <functional>

#include <torch/types.h>

#include "tandem/config/run_config.h"
#include "tandem/loss/duplicates.h"
#include "tandem/model/clip_model.h"

namespace tandem {

/// Returns the loss of a whole batch's embeddings, image_embeddings and text_embeddings [B, D]: a
/// scalar that can be differentiated with respect to them and to its own parameters.
using EmbeddingLoss = std::function<torch::Tensor(const ClipEmbeddings& embeddings)>;

struct ClipLossOptions {
  LossKind kind = LossKind::kInfoNce;  ///< kSigmoid needs a model with logit_bias.
  double label_smoothing = 0.0;        ///< info_nce only.
  PairGroups groups = {};              ///< Which pairs are duplicates, and how they count.
};

/// Returns contrastive_loss or sigmoid_loss with the model's logit_scale and logit_bias, which get
/// their gradients from it; an fp32 scalar. Groups may be on the host. Throws kConfig for kSigmoid
/// without logit_bias.
[[nodiscard]] EmbeddingLoss clip_loss(const ClipModel& model, ClipLossOptions options = {});

}  // namespace tandem
