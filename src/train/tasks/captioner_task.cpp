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

constexpr uint64_t kParallelStream = uint64_t{1} << 32;  // Of a step's seed, beside micro-batches.

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

}  // namespace

CaptionerTask::CaptionerTask(const TaskInputs& inputs)
    : ModelTask(require_decoder(inputs)), communicator_(inputs.communicator) {
  train_captioning_only(model());
}

TaskLosses CaptionerTask::forward_backward(const Batch& batch, uint64_t dropout_seed) {
  ClipModel clip = model();
  const double smoothing = config().loss.label_smoothing;
  const Captions captions =
      make_captions(batch, config(), mix_seed({dropout_seed, kParallelStream}));
  const int64_t B = captions.size();
  const int64_t predicted = predicted_tokens(captions, communicator_);
  const int64_t parts = config().train.accumulation_steps;
  const auto share_of_loss = [&](int64_t first, int64_t last) {
    const torch::Tensor states = clip->encode_image_states(batch.images.slice(0, first, last));
    return caption_loss(clip, states, captions.slice(first, last), smoothing) /
           static_cast<double>(predicted);
  };
  torch::Tensor total = torch::zeros({}, batch.images.options().dtype(torch::kFloat32));
  for (int64_t m = 0; m < parts; ++m) {
    const int64_t first = m * B / parts, size = (m + 1) * B / parts - first;
    const int64_t slices = step_slices(clip, size);
    if (slices == 1) {
      clip->seed_dropout(mix_seed({dropout_seed, static_cast<uint64_t>(m)}));
      const torch::Tensor loss = share_of_loss(first, first + size);
      loss.backward();
      total += loss.detach();
      continue;
    }
    const auto losses = backward_side_by_side(*clip, slices, [&](int64_t i) {
      return share_of_loss(first + i * size / slices, first + (i + 1) * size / slices);
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
