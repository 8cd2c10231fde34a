#include "tandem/train/clip_task.h"

#include <cmath>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "tandem/core/error.h"
#include "tandem/train/train_step.h"
#include "train/metrics/chance.h"
#include "train/tasks/memory_plan.h"

namespace tandem {
namespace {

// A batch that the processes cannot share is refused by the loader.
const TaskInputs& require_equal_parts(const TaskInputs& inputs) {
  const int64_t world_size = inputs.communicator.world_size();
  const int64_t batch = inputs.config.data.batch_size;
  const int64_t parts = inputs.config.train.accumulation_steps;
  if (batch % world_size != 0 || batch / world_size % parts == 0) return inputs;
  throw Error(ErrorKind::kConfig,
              {.what = "a process's part of the batch does not divide into micro-batches",
               .where = "train.accumulation_steps",
               .expected = fmt::format("a divisor of {} pairs, the share of each of {} processes",
                                       batch / world_size, world_size),
               .found = std::to_string(parts)});
}

void require_one_process(const Communicator& communicator) {
  if (communicator.world_size() == 1) return;
  throw Error(ErrorKind::kUsage, {.what = "a loss of one's own does not span several processes",
                                  .expected = "one process, or a Task of one's own",
                                  .found = std::to_string(communicator.world_size())});
}

PairGroups groups_of(const Batch& batch, Duplicates duplicates) {
  return {.duplicates = duplicates,
          .image_groups = batch.image_groups,
          .text_groups = batch.text_groups};
}

}  // namespace

ClipTask::ClipTask(const TaskInputs& inputs, MakeLoss make_loss)
    : ModelTask(require_equal_parts(inputs)),
      communicator_(inputs.communicator),
      make_loss_(std::move(make_loss)) {
  if (make_loss_) require_one_process(communicator_);
}

EmbeddingLoss ClipTask::loss_of(const Batch& batch) const {
  const LossOptions& options = config().loss;
  PairGroups groups = groups_of(batch, options.duplicates);
  if (make_loss_) return make_loss_(model(), groups);
  return clip_loss(model(),
                   {.kind = options.kind,
                    .label_smoothing = options.label_smoothing,
                    .groups = std::move(groups)},
                   communicator_);
}

TaskLosses ClipTask::forward_backward(const Batch& batch, uint64_t dropout_seed) {
  return {.total = tandem::forward_backward(
              model(), {.images = batch.images, .tokens = batch.tokens}, loss_of(batch),
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
