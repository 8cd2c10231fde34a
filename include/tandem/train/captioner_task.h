#pragma once

#include "tandem/train/model_task.h"

namespace tandem {

/// task.kind captioner: the decoder learns to write the captions of images, and the image tower
/// with it unless it is frozen. Teacher forcing: the loss is the cross-entropy of each next token,
/// with loss.label_smoothing, averaged over all tokens of the batch that are predicted. Whatever
/// else the model has (text tower, projectors, temperature) stays as it is, so that a CLIP model
/// with a frozen image tower remains one.
class CaptionerTask final : public ModelTask {
 public:
  /// Throws as ModelTask, and kConfig for a model without a decoder or an image tower.
  explicit CaptionerTask(const TaskInputs& inputs);

  TaskLosses forward_backward(const Batch& batch, uint64_t dropout_seed) override;
  /// ln V: what a decoder gives that knows nothing of the language either.
  [[nodiscard]] double chance_loss(const Batch& batch) const override;

 private:
  Communicator& communicator_;
};

}  // namespace tandem
