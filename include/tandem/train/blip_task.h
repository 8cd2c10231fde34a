#pragma once

#include <memory>

#include "tandem/train/model_task.h"

namespace tandem {

/// The contrastive loss with its momentum twin and queue; src/train/tasks/momentum_contrast.h.
class MomentumContrast;

/// task.kind blip: image tower, text tower, matching head and decoder learn from the sum of three
/// losses: contrastive, with a momentum twin and a queue of its features as task.blip says;
/// matching, of each pair, and of one hard negative image and text for each; captioning. They are
/// the terms "contrastive", "matching" and "captioning". Li et al., "BLIP", arXiv:2201.12086.
///
/// Pairs that share an image or a caption are never negatives of each other. The queue begins empty
/// and grows; BLIP's begins with random vectors. Micro-batches see the negatives of the whole
/// batch.
class BlipTask final : public ModelTask {
 public:
  /// Throws as ModelTask, and kConfig for a model without decoder, or whose text tower has no cross
  /// attention.
  explicit BlipTask(const TaskInputs& inputs);
  ~BlipTask() override;

  TaskLosses forward_backward(const Batch& batch, uint64_t dropout_seed) override;
  /// Moves the twin, and the batch's features into the queue.
  void after_update() override;
  /// "twin.*", "queue.*" and "updates".
  [[nodiscard]] TensorMap state() const override;
  /// "logit_scale": exp(logit_scale).
  [[nodiscard]] Metrics log_values() const override;

 private:
  std::unique_ptr<MomentumContrast> contrast_;
};

}  // namespace tandem
