#include "tandem/train/blip_task.h"

#include <cmath>
#include <string>

#include <torch/utils.h>

#include "tandem/core/error.h"
#include "train/tasks/blip_step.h"
#include "train/tasks/momentum_contrast.h"

namespace tandem {
namespace {

const TaskInputs& require_blip(const TaskInputs& inputs) {
  const ModelOptions& model = inputs.config.model;
  if (inputs.communicator.world_size() > 1) {
    throw Error(ErrorKind::kUsage, {.what = "task.kind blip does not span several processes yet",
                                    .expected = "one process",
                                    .found = std::to_string(inputs.communicator.world_size())});
  }
  const bool matches = model.towers == Towers::kBoth && model.text.cross_attention;
  if (has_decoder(model) && matches) return inputs;
  throw Error(ErrorKind::kConfig,
              ErrorText{.what = "task.kind blip needs both towers, a decoder and a text tower that "
                                "can match",
                        .where = matches ? "model.decoder.layers" : "model.text.cross_attention",
                        .expected = matches ? "at least 1" : "true"});
}

}  // namespace

BlipTask::BlipTask(const TaskInputs& inputs)
    : ModelTask(require_blip(inputs)),
      contrast_(std::make_unique<MomentumContrast>(config().task.blip, model())) {}

BlipTask::~BlipTask() = default;

TaskLosses BlipTask::forward_backward(const Batch& batch, uint64_t dropout_seed) {
  BlipStep step({.model = model(), .batch = batch, .config = config(), .seed = dropout_seed});
  const ClipEmbeddings leaves = step.embed();
  const torch::Tensor contrastive = contrast_->loss(model(), leaves, batch);
  contrastive.backward();
  const auto [matching, captioning] = step.match_and_caption(leaves);
  step.backward(leaves);
  return {.total = contrastive.detach() + matching + captioning,
          .terms = {{"contrastive", contrastive.detach()},
                    {"matching", matching},
                    {"captioning", captioning}}};
}

void BlipTask::after_update() {
  model()->clamp_logit_scale();
  contrast_->update(model());
}

TensorMap BlipTask::state() const { return contrast_->state(); }

Metrics BlipTask::log_values() const {
  return {{"logit_scale", std::exp(model()->logit_scale().item<double>())}};
}

}  // namespace tandem
