#include "tandem/train/clip_loss.h"

#include <memory>
#include <utility>

#include "tandem/core/error.h"
#include "tandem/loss/contrastive_loss.h"
#include "tandem/loss/sigmoid_loss.h"

namespace tandem {

EmbeddingLoss clip_loss(const ClipModel& model, ClipLossOptions options) {
  static const std::shared_ptr<Communicator> alone = single_process();
  return clip_loss(model, std::move(options), *alone);
}

EmbeddingLoss clip_loss(const ClipModel& model, ClipLossOptions options,
                        Communicator& communicator) {
  if (options.kind == LossKind::kInfoNce) {
    return [model, options = std::move(options), &communicator](const ClipEmbeddings& embeddings) {
      return contrastive_loss(
          embeddings.image_embeddings, embeddings.text_embeddings, model->logit_scale(),
          {.label_smoothing = options.label_smoothing, .groups = options.groups}, communicator);
    };
  }
  if (!model->logit_bias().defined()) {
    throw Error(ErrorKind::kConfig, {.what = "the sigmoid loss needs a learned bias in the model",
                                     .where = "loss.kind",
                                     .expected = "a model with logit_bias",
                                     .hint = "model.logit_bias: true"});
  }
  return
      [model, groups = std::move(options.groups), &communicator](const ClipEmbeddings& embeddings) {
        return sigmoid_loss(embeddings.image_embeddings, embeddings.text_embeddings,
                            model->logit_scale(), model->logit_bias(), groups, communicator);
      };
}

}  // namespace tandem
