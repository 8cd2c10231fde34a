#include "train/tasks/blip_step.h"

#include <algorithm>
#include <utility>

#include <torch/autograd.h>
#include <torch/utils.h>

#include "tandem/core/random.h"
#include "train/step/step_slices.h"
#include "train/tasks/captions.h"
#include "train/tasks/momentum_contrast.h"

namespace tandem {
namespace {

constexpr uint64_t kNegativeStream = 1;  // Of a step's seed.
constexpr uint64_t kTowerStream = 2;
constexpr uint64_t kTogetherStream = 3;
constexpr uint64_t kParallelStream = 4;
constexpr int64_t kNoPair = -100;  // The label that cross_entropy_loss leaves out.

TokenBatch select_texts(const TokenBatch& texts, const std::vector<int64_t>& which) {
  const int64_t* const ids = texts.ids.const_data_ptr<int64_t>();
  const int32_t* const begins = texts.cu_seqlens.const_data_ptr<int32_t>();
  std::vector<std::vector<int32_t>> selected;
  for (const int64_t text : which)
    selected.emplace_back(ids + begins[text], ids + begins[text + 1]);
  return pack_tokens(selected);
}

torch::Tensor index(const std::vector<int64_t>& rows, const torch::Device& device) {
  return torch::tensor(rows, torch::kInt64).to(device);
}

double count_pairs(const HardNegatives& negatives) {
  const auto drawn = [](const std::vector<int64_t>& list) {
    return std::ranges::count_if(list, [](int64_t i) { return i >= 0; });
  };
  return static_cast<double>(negatives.texts.size()) +
         static_cast<double>(drawn(negatives.images) + drawn(negatives.texts));
}

}  // namespace

// What the losses that look at an image and a text together are computed from.
struct BlipStep::Together {
  torch::Tensor states;  // [B, N, width], of all images.
  Captions captions;
  HardNegatives negatives;
  double pairs = 0;   // How many are matched in the whole batch,
  double tokens = 0;  // and how many tokens are predicted.
};

// A part's share of the losses and of their gradients.
struct BlipStep::Share {
  Losses losses = {};
  torch::autograd::variable_list gradients = {};  // Of the trained parameters,
  torch::Tensor state_gradients = {};             // and of the states of all images.
};

BlipStep::BlipStep(const BlipStepInputs& inputs)
    : inputs_(inputs), keeps_graphs_(inputs.config.train.accumulation_steps == 1) {
  const int64_t B = inputs_.batch.tokens.size();
  const int64_t slices = keeps_graphs_ ? step_slices(inputs_.model, B) : 1;
  const int64_t count = std::max(slices, inputs_.config.train.accumulation_steps);
  side_by_side_ = slices > 1;
  for (int64_t i = 0; i < count; ++i)
    parts_.push_back({.first = i * B / count, .last = (i + 1) * B / count});
}

void BlipStep::seed_dropout(uint64_t stream, size_t part) {
  if (!side_by_side_) inputs_.model->seed_dropout(mix_seed({inputs_.seed, stream, part}));
}

void BlipStep::embed_part(size_t i, bool with_graph) {
  const torch::AutoGradMode mode(with_graph);  // Modes belong to a thread.
  seed_dropout(kTowerStream, i);
  Part& part = parts_[i];
  ClipModel model = inputs_.model;
  const torch::Tensor images = inputs_.batch.images.slice(0, part.first, part.last);
  part.states = model->encode_image_states(images);
  part.embeddings.image_embeddings = model->embed_image_states(part.states);
  part.embeddings.text_embeddings =
      model->encode_texts(inputs_.batch.tokens.slice(part.first, part.last).to(images.device()));
}

ClipEmbeddings BlipStep::embed() {
  for_each_part(parts_.size(), side_by_side_, [&](size_t i) { embed_part(i, keeps_graphs_); });
  return gather_leaves(parts_);
}

HardNegatives BlipStep::draw_negatives(const ClipEmbeddings& leaves) const {
  const torch::NoGradGuard no_gradient;
  const Batch& batch = inputs_.batch;
  const PairFeatures pairs{.image_groups = batch.image_groups, .text_groups = batch.text_groups};
  const torch::Tensor cosines = leaves.image_embeddings.matmul(leaves.text_embeddings.t());
  // A pair is too similar where it is nearly as similar as the true one of its image, or its text.
  const torch::Tensor limits = cosines.diagonal() - inputs_.config.task.blip.negative_margin;
  const torch::Tensor too_similar =
      cosines.gt(limits.unsqueeze(1)).logical_or(cosines.gt(limits.unsqueeze(0)));  // [B, B]
  return draw_hard_negatives(cosines * inputs_.model->logit_scale().exp(),
                             share_content(pairs, pairs).logical_or(too_similar.cpu()),
                             mix_seed({inputs_.seed, kNegativeStream}));
}

// The sum over each image with its text and with its negative text, and each text with its negative
// image.
torch::Tensor BlipStep::matching_loss(const Together& all, const Part& part,
                                      const torch::Tensor& states) const {
  const torch::Device device = states.device();
  const TokenBatch& tokens = inputs_.batch.tokens;
  std::vector<int64_t> texts, labels, images;
  for (int64_t i = part.first; i < part.last; ++i) {
    const int64_t other = all.negatives.texts[static_cast<size_t>(i)];
    texts.insert(texts.end(), {i, std::max(other, int64_t{0})});
    labels.insert(labels.end(), {1, other >= 0 ? 0 : kNoPair});
  }
  for (int64_t i = part.first; i < part.last; ++i) {
    const int64_t other = all.negatives.images[static_cast<size_t>(i)];
    images.push_back(std::max(other, int64_t{0}));
    labels.push_back(other >= 0 ? 0 : kNoPair);
  }
  ClipModel model = inputs_.model;
  const torch::Tensor own = states.slice(0, part.first, part.last);            // [n, N, width]
  const torch::Tensor others = states.index_select(0, index(images, device));  // [n, N, width]
  const torch::Tensor logits = torch::cat(
      {model->match(own, select_texts(tokens, texts).to(device)),
       model->match(others, tokens.slice(part.first, part.last).to(device))});  // [3n, 2]
  return at::cross_entropy_loss(logits, index(labels, device), {}, at::Reduction::Sum, kNoPair);
}

BlipStep::Share BlipStep::differentiate(const Together& all, const Part& part) const {
  const torch::Tensor states = all.states.detach().requires_grad_();  // A leaf of this part alone.
  const torch::Tensor matching = matching_loss(all, part, states) / all.pairs;
  const torch::Tensor captioning =
      caption_loss(inputs_.model, states.slice(0, part.first, part.last),
                   all.captions.slice(part.first, part.last), inputs_.config.loss.label_smoothing) /
      all.tokens;
  std::vector<torch::Tensor> inputs = trained_parameters(*inputs_.model);
  inputs.push_back(states);
  Share share{.losses = {.matching = matching.detach(), .captioning = captioning.detach()}};
  share.gradients = torch::autograd::grad({matching + captioning}, inputs, /*grad_outputs=*/{},
                                          /*retain_graph=*/false, /*create_graph=*/false,
                                          /*allow_unused=*/true);
  share.state_gradients = share.gradients.back();
  share.gradients.pop_back();
  return share;
}

BlipStep::Losses BlipStep::match_and_caption(const ClipEmbeddings& leaves) {
  std::vector<torch::Tensor> states;
  for (const Part& part : parts_) states.push_back(part.states.detach());
  const RunConfig& config = inputs_.config;
  Together all{
      .states = torch::cat(states),  // [B, N, width]
      .captions = make_captions(inputs_.batch, config, mix_seed({inputs_.seed, kParallelStream})),
      .negatives = draw_negatives(leaves)};
  all.pairs = count_pairs(all.negatives);
  all.tokens = static_cast<double>(predicted_tokens(all.captions, *single_process()));

  const std::vector<torch::Tensor> parameters = trained_parameters(*inputs_.model);
  std::vector<Share> shares(parts_.size());
  for_each_part(parts_.size(), side_by_side_, [&](size_t i) {
    seed_dropout(kTogetherStream, i);
    shares[i] = differentiate(all, parts_[i]);
    if (!side_by_side_) add_gradients(parameters, {std::exchange(shares[i].gradients, {})});
  });
  Losses total{.matching = torch::zeros_like(shares.front().losses.matching),
               .captioning = torch::zeros_like(shares.front().losses.captioning)};
  std::vector<torch::autograd::variable_list> gradients;
  for (Share& share : shares) {
    total.matching += share.losses.matching;
    total.captioning += share.losses.captioning;
    gradients.push_back(std::move(share.gradients));
    state_gradients_ = state_gradients_.defined() ? state_gradients_ + share.state_gradients
                                                  : share.state_gradients;
  }
  if (side_by_side_) add_gradients(parameters, gradients);
  return total;
}

OutputGradients BlipStep::gradients_of(const Part& part, const ClipEmbeddings& leaves) const {
  OutputGradients received;
  const auto add = [&](const torch::Tensor& output, const torch::Tensor& gradient) {
    if (gradient.defined()) received.add(output, gradient.slice(0, part.first, part.last));
  };
  add(part.states, state_gradients_);
  add(part.embeddings.image_embeddings, leaves.image_embeddings.grad());
  add(part.embeddings.text_embeddings, leaves.text_embeddings.grad());
  return received;
}

void BlipStep::backward(const ClipEmbeddings& leaves) {
  if (side_by_side_) {
    std::vector<OutputGradients> received;
    for (const Part& part : parts_) received.push_back(gradients_of(part, leaves));
    backward_side_by_side(*inputs_.model, received);
    return;
  }
  for (size_t i = 0; i < parts_.size(); ++i) {
    if (!keeps_graphs_) embed_part(i, true);
    const OutputGradients received = gradients_of(parts_[i], leaves);
    if (!received.outputs.empty()) torch::autograd::backward(received.outputs, received.gradients);
    parts_[i] = {};
  }
}

}  // namespace tandem
