#include "tandem/train/captioner_task.h"

#include <cmath>
#include <unordered_set>
#include <vector>

#include <torch/utils.h>

#include "tandem/core/error.h"
#include "tandem/core/random.h"
#include "train/step/part_gradients.h"
#include "train/step/step_slices.h"
#include "train/tasks/captions.h"

namespace tandem {
namespace {

// Leaves trainable what the decoder and the image tower own; a frozen tower stays frozen.
void train_captioning_only(ClipModel model) {
  std::unordered_set<const c10::TensorImpl*> used;
  for (const auto& part : {model->decoder->parameters(), model->image->parameters()})
    for (const torch::Tensor& each : part) used.insert(each.unsafeGetTensorImpl());
  for (torch::Tensor& each : model->parameters())
    if (!used.contains(each.unsafeGetTensorImpl())) each.set_requires_grad(false);
}

const TaskInputs& require_decoder(const TaskInputs& inputs) {
  const ModelOptions& model = inputs.config.model;
  if (has_decoder(model) && model.towers != Towers::kText) return inputs;
  throw Error(ErrorKind::kConfig,
              ErrorText{.what = "a captioner needs an image tower and a decoder",
                        .where = has_decoder(model) ? "model.towers" : "model.decoder.layers",
                        .expected = has_decoder(model) ? "both or image" : "at least 1"});
}

Batch slice(const Batch& batch, int64_t first, int64_t last) {
  return {.images = batch.images.slice(0, first, last), .tokens = batch.tokens.slice(first, last)};
}

}  // namespace

CaptionerTask::CaptionerTask(const TaskInputs& inputs)
    : ModelTask(require_decoder(inputs)), communicator_(inputs.communicator) {
  train_captioning_only(model());
}

TaskLosses CaptionerTask::forward_backward(const Batch& batch, uint64_t dropout_seed) {
  ClipModel clip = model();
  const double smoothing = config().loss.label_smoothing;
  Batch captions{.images = batch.images,
                 .tokens = begin_with(batch.tokens, config().model.decoder.bos_id)};
  const int64_t B = captions.tokens.size();
  const int64_t predicted = predicted_tokens(captions.tokens, communicator_);
  const int64_t parts = config().train.accumulation_steps;
  const auto share_of_loss = [&](const Batch& samples) {
    const torch::Tensor states = clip->encode_image_states(samples.images);  // [B, N, D]
    return caption_loss(clip, states, samples.tokens, smoothing) / static_cast<double>(predicted);
  };
  torch::Tensor total = torch::zeros({}, batch.images.options().dtype(torch::kFloat32));
  for (int64_t m = 0; m < parts; ++m) {
    const Batch part = slice(captions, m * B / parts, (m + 1) * B / parts);
    const int64_t size = part.tokens.size();
    const int64_t slices = step_slices(clip, size);
    if (slices == 1) {
      clip->seed_dropout(mix_seed({dropout_seed, static_cast<uint64_t>(m)}));
      const torch::Tensor loss = share_of_loss(part);
      loss.backward();
      total += loss.detach();
      continue;
    }
    const auto losses = backward_side_by_side(*clip, slices, [&](int64_t i) {
      return share_of_loss(slice(part, i * size / slices, (i + 1) * size / slices));
    });
    for (const torch::Tensor& each : losses) total += each;
  }
  communicator_.all_reduce(total);
  return {.total = total};
}

double CaptionerTask::chance_loss(const Batch& /*batch*/) const {
  return std::log(static_cast<double>(config().model.decoder.vocab_size));
}

}  // namespace tandem
