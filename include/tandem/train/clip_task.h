#pragma once

#include <functional>
#include <string>

#include "tandem/loss/duplicates.h"
#include "tandem/model/clip_model.h"
#include "tandem/train/clip_loss.h"
#include "tandem/train/model_task.h"

namespace tandem {

/// task.kind clip: two towers and a contrastive loss.
class ClipTask final : public ModelTask {
 public:
  /// Returns the loss of one batch, whose duplicates `groups` names (on the host).
  using MakeLoss = std::function<EmbeddingLoss(const ClipModel& model, const PairGroups& groups)>;

  /// Without `make_loss` the loss is the configuration's: clip_loss, over the pairs of all
  /// processes. Throws as ModelTask; kUsage for a loss of one's own in several processes; kConfig
  /// where train.accumulation_steps does not divide a process's part of the batch.
  explicit ClipTask(const TaskInputs& inputs, MakeLoss make_loss = {});

  TaskLosses forward_backward(const Batch& batch, uint64_t dropout_seed) override;
  void after_update() override { model()->clamp_logit_scale(); }
  [[nodiscard]] double chance_loss(const Batch& batch) const override;
  /// "logit_scale": exp(logit_scale), the multiplier of the similarities.
  [[nodiscard]] Metrics log_values() const override;
  [[nodiscard]] std::string memory_plan() const override;

 private:
  [[nodiscard]] EmbeddingLoss loss_of(const Batch& batch) const;

  Communicator& communicator_;
  MakeLoss make_loss_;
};

}  // namespace tandem
