#include "tandem/train/blip_task.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <torch/autograd.h>
#include <torch/utils.h>

#include "tandem/core/error.h"
#include "tandem/core/random.h"
#include "tandem/loss/hard_negatives.h"
#include "train/step/part_gradients.h"
#include "train/tasks/captions.h"
#include "train/tasks/momentum_contrast.h"

namespace tandem {
namespace {

constexpr uint64_t kNegativeStream = 1;  // Of a step's seed.
constexpr uint64_t kDropoutStream = 2;

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

// Images and texts to match, and whether they do.
struct MatchingPairs {
  std::vector<int64_t> images;        // Of each pair: its place among a part's states,
  std::vector<int64_t> texts;         // its text in the batch,
  std::vector<int64_t> labels;        // and 1 where they belong together.
  std::vector<int64_t> other_images;  // Those of the batch that follow the part's own states.
};

// The pairs of samples [first, last) and their negatives.
MatchingPairs matching_pairs(int64_t first, int64_t last, const HardNegatives& negatives) {
  MatchingPairs pairs;
  const auto add = [&](int64_t image, int64_t text, int64_t label) {
    pairs.images.push_back(image);
    pairs.texts.push_back(text);
    pairs.labels.push_back(label);
  };
  for (int64_t i = first; i < last; ++i) {
    const int64_t text = negatives.texts[static_cast<size_t>(i)];
    const int64_t image = negatives.images[static_cast<size_t>(i)];
    add(i - first, i, 1);
    if (text >= 0) add(i - first, text, 0);
    if (image < 0) continue;
    if (image >= first && image < last) {
      add(image - first, i, 0);
      continue;
    }
    add(last - first + static_cast<int64_t>(pairs.other_images.size()), i, 0);
    pairs.other_images.push_back(image);
  }
  return pairs;
}

TokenBatch select_texts(const TokenBatch& texts, const std::vector<int64_t>& which) {
  const int64_t* const ids = texts.ids.const_data_ptr<int64_t>();
  const int32_t* const begins = texts.cu_seqlens.const_data_ptr<int32_t>();
  std::vector<std::vector<int32_t>> selected;
  for (const int64_t text : which)
    selected.emplace_back(ids + begins[text], ids + begins[text + 1]);
  return pack_tokens(selected);
}

int64_t count_pairs(const HardNegatives& negatives) {
  const auto drawn = [](const std::vector<int64_t>& list) {
    return std::ranges::count_if(list, [](int64_t i) { return i >= 0; });
  };
  return static_cast<int64_t>(negatives.texts.size()) + drawn(negatives.images) +
         drawn(negatives.texts);
}

torch::Tensor index(const std::vector<int64_t>& rows, const torch::Device& device) {
  return torch::tensor(rows, torch::kInt64).to(device);
}

// Samples [first, last) of a batch on their way through the model.
struct Part {
  int64_t first = 0;
  int64_t last = 0;
  uint64_t dropout_seed = 0;
  torch::Tensor states = {};  // [n, N, width]
  ClipEmbeddings embeddings = {};
};

void embed(ClipModel model, const Batch& batch, Part& part) {
  model->seed_dropout(part.dropout_seed);
  part.states = model->encode_image_states(batch.images.slice(0, part.first, part.last));
  part.embeddings.image_embeddings = model->embed_image_states(part.states);
  part.embeddings.text_embeddings =
      model->encode_texts(batch.tokens.slice(part.first, part.last).to(batch.images.device()));
}

HardNegatives draw_negatives(const ClipModel& model, const ClipEmbeddings& embeddings,
                             const Batch& batch, uint64_t seed) {
  const torch::NoGradGuard no_gradient;
  const PairFeatures pairs{.image_groups = batch.image_groups, .text_groups = batch.text_groups};
  const torch::Tensor logits = embeddings.image_embeddings.matmul(embeddings.text_embeddings.t()) *
                               model->logit_scale().exp();  // [B, B]
  return draw_hard_negatives(logits, share_content(pairs, pairs), seed);
}

// The sum of the matching losses of a part's pairs.
torch::Tensor matching_loss(ClipModel model, const Batch& batch, const Part& part,
                            const HardNegatives& negatives) {
  const torch::Device device = batch.images.device();
  const MatchingPairs pairs = matching_pairs(part.first, part.last, negatives);
  torch::Tensor states = part.states;
  if (!pairs.other_images.empty()) {
    const torch::Tensor others = batch.images.index_select(0, index(pairs.other_images, device));
    states = torch::cat({states, model->encode_image_states(others)});
  }
  const torch::Tensor logits =
      model->match(states.index_select(0, index(pairs.images, device)),
                   select_texts(batch.tokens, pairs.texts).to(device));  // [P, 2]
  return at::cross_entropy_loss(logits, index(pairs.labels, device), {}, at::Reduction::Sum);
}

// The loss whose gradient is what `leaves` received, as a function of the part's embeddings.
torch::Tensor carry_back(const Part& part, const ClipEmbeddings& leaves) {
  const auto share = [&](const torch::Tensor& output, const torch::Tensor& leaf) {
    return (output * leaf.grad().slice(0, part.first, part.last)).sum();
  };
  return share(part.embeddings.image_embeddings, leaves.image_embeddings) +
         share(part.embeddings.text_embeddings, leaves.text_embeddings);
}

}  // namespace

BlipTask::BlipTask(const TaskInputs& inputs)
    : ModelTask(require_blip(inputs)),
      contrast_(std::make_unique<MomentumContrast>(config().task.blip, model())) {}

BlipTask::~BlipTask() = default;

TaskLosses BlipTask::forward_backward(const Batch& batch, uint64_t dropout_seed) {
  ClipModel blip = model();
  const int64_t B = batch.tokens.size();
  const int64_t count = config().train.accumulation_steps;
  const bool twice = count > 1;  // Kept graphs would need all parts' activations.
  std::vector<Part> parts;
  for (int64_t m = 0; m < count; ++m) {
    parts.push_back(
        {.first = m * B / count,
         .last = (m + 1) * B / count,
         .dropout_seed = mix_seed({dropout_seed, kDropoutStream, static_cast<uint64_t>(m)})});
    const torch::AutoGradMode mode(!twice);
    embed(blip, batch, parts.back());
    if (twice) parts.back().states.reset();
  }
  const ClipEmbeddings leaves = gather_leaves(parts);
  const torch::Tensor contrastive = contrast_->loss(blip, leaves, batch);
  contrastive.backward();
  const HardNegatives negatives =
      draw_negatives(blip, leaves, batch, mix_seed({dropout_seed, kNegativeStream}));

  const TokenBatch captions = begin_with(batch.tokens, config().model.decoder.bos_id);
  const auto pairs = static_cast<double>(count_pairs(negatives));
  const auto tokens = static_cast<double>(predicted_tokens(captions, *single_process()));
  torch::Tensor matching = torch::zeros_like(contrastive), captioning = matching.clone();
  for (Part& part : parts) {
    if (twice) embed(blip, batch, part);
    const torch::Tensor match = matching_loss(blip, batch, part, negatives) / pairs;
    const torch::Tensor caption =
        caption_loss(blip, part.states, captions.slice(part.first, part.last),
                     config().loss.label_smoothing) /
        tokens;
    (carry_back(part, leaves) + match + caption).backward();
    matching += match.detach();
    captioning += caption.detach();
    part = Part{};
  }
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
