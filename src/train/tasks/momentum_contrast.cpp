#include "train/tasks/momentum_contrast.h"

#include <algorithm>
#include <string>

#include <torch/utils.h>

#include "tandem/loss/momentum_contrastive_loss.h"
#include "tandem/model/encode_in_slices.h"

namespace tandem {
namespace {

// A copy of the towers and projectors alone: what embeddings are made by.
ClipModel make_twin(ClipModel model) {
  ModelOptions options = model->options();
  options.decoder.layers = 0;
  options.text.cross_attention = false;
  ClipModel twin(options, std::nullopt);
  twin->to(model->logit_scale().device());
  twin->eval();
  const torch::NoGradGuard no_gradient;
  const auto ours = model->named_parameters();
  for (auto& each : twin->named_parameters()) {
    each.value().set_requires_grad(false);
    each.value().set_data(ours[each.key()].detach().clone());
  }
  return twin;
}

void move_twin(ClipModel twin, ClipModel model, double momentum) {
  const torch::NoGradGuard no_gradient;
  const auto ours = model->named_parameters();
  for (auto& each : twin->named_parameters()) {
    const torch::Tensor weight = ours[each.key()].detach().to(each.value().scalar_type());
    each.value().lerp_(weight, 1 - momentum);
  }
}

}  // namespace

torch::Tensor share_content(const PairFeatures& pairs, const PairFeatures& others) {
  const auto equal = [](const torch::Tensor& ours, const torch::Tensor& theirs) {
    return ours.unsqueeze(1) == theirs.unsqueeze(0);
  };
  return equal(pairs.image_groups, others.image_groups)
      .logical_or(equal(pairs.text_groups, others.text_groups));
}

MomentumContrast::MomentumContrast(const BlipOptions& options, ClipModel model)
    : options_(options), updates_(torch::zeros({}, torch::kInt64)) {
  if (options.momentum > 0.0) twin_ = make_twin(model);
  if (options.queue_size > 0)
    queue_.emplace(options.queue_size, model->options().embed_dim, model->logit_scale().device());
}

double MomentumContrast::soft_share() const {
  if (!twin_) return 0.0;
  const double ramp = static_cast<double>(std::max<int64_t>(options_.soft_ramp_steps, 1));
  return options_.soft_share * std::min(1.0, updates_.item<double>() / ramp);
}

torch::Tensor MomentumContrast::loss(ClipModel model, const ClipEmbeddings& embeddings,
                                     const Batch& batch) {
  pending_ = {.image_embeddings = embeddings.image_embeddings.detach(),
              .text_embeddings = embeddings.text_embeddings.detach(),
              .image_groups = batch.image_groups,
              .text_groups = batch.text_groups};
  if (twin_) {
    const torch::NoGradGuard no_gradient;
    pending_.image_embeddings = encode_images_in_slices(twin_, batch.images);
    pending_.text_embeddings =
        encode_texts_in_slices(twin_, batch.tokens.to(batch.images.device()));
  }
  PairFeatures targets = pending_;
  if (queue_) {
    const PairFeatures held = queue_->pairs();
    const auto append = [](torch::Tensor& to, const torch::Tensor& more) {
      to = torch::cat({to, more});
    };
    append(targets.image_embeddings, held.image_embeddings);
    append(targets.text_embeddings, held.text_embeddings);
    append(targets.image_groups, held.image_groups);
    append(targets.text_groups, held.text_groups);
  }
  // Without a twin, the batch is compared with itself: both sides have gradients.
  const bool own = !twin_ && !queue_;
  return momentum_contrastive_loss(
      embeddings.image_embeddings, embeddings.text_embeddings, model->logit_scale(),
      {.image_embeddings = own ? embeddings.image_embeddings : targets.image_embeddings,
       .text_embeddings = own ? embeddings.text_embeddings : targets.text_embeddings,
       .same = share_content(pending_, targets),
       .soft_share = soft_share()});
}

void MomentumContrast::update(ClipModel model) {
  if (queue_ && pending_.image_groups.defined()) queue_->push(pending_);
  pending_ = {};
  if (twin_) move_twin(twin_, model, options_.momentum);
  updates_ += 1;
}

TensorMap MomentumContrast::state() const {
  TensorMap state{{"updates", updates_}};
  if (queue_) state.merge(queue_->state());
  if (!twin_) return state;
  for (const auto& each : twin_->named_parameters())
    state.emplace("twin." + each.key(), each.value());
  return state;
}

}  // namespace tandem
