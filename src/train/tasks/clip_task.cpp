#include "tandem/train/clip_task.h"

#include <cmath>
#include <utility>

#include "tandem/core/error.h"
#include "tandem/train/train_step.h"
#include "train/metrics/chance.h"
#include "train/tasks/memory_plan.h"

namespace tandem {
namespace {

const TaskInputs& require_one_process(const TaskInputs& inputs) {
  if (inputs.communicator.world_size() == 1) return inputs;
  throw Error(ErrorKind::kUsage,
              {.what = "the contrastive loss does not span several processes yet",
               .expected = "one process",
               .found = std::to_string(inputs.communicator.world_size())});
}

ClipTask::MakeLoss configured_loss(const LossOptions& options) {
  return [options](const ClipModel& model, const PairGroups& groups) {
    return clip_loss(
        model,
        {.kind = options.kind, .label_smoothing = options.label_smoothing, .groups = groups});
  };
}

PairGroups groups_of(const Batch& batch, Duplicates duplicates) {
  return {.duplicates = duplicates,
          .image_groups = batch.image_groups,
          .text_groups = batch.text_groups};
}

}  // namespace

ClipTask::ClipTask(const TaskInputs& inputs, MakeLoss make_loss)
    : ModelTask(require_one_process(inputs)),
      make_loss_(make_loss ? std::move(make_loss) : configured_loss(config().loss)) {}

TaskLosses ClipTask::forward_backward(const Batch& batch, uint64_t dropout_seed) {
  const PairGroups groups = groups_of(batch, config().loss.duplicates);
  return {.total = tandem::forward_backward(
              model(), {.images = batch.images, .tokens = batch.tokens},
              make_loss_(model(), groups),
              {.micro_batches = config().train.accumulation_steps, .dropout_seed = dropout_seed})};
}

double ClipTask::chance_loss(const Batch& batch) const {
  return tandem::chance_loss(config().loss.kind, groups_of(batch, config().loss.duplicates),
                             config().data.batch_size);
}

Metrics ClipTask::log_values() const {
  return {{"logit_scale", std::exp(model()->logit_scale().item<double>())}};
}

std::string ClipTask::memory_plan() const {
  return memory_plan_line(plan_memory(config(), model()));
}

}  // namespace tandem
