// Three steps of BLIP against scripts/make_golden_blip_steps.py: losses, weights, twin and queue.
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "tandem/interop/convert.h"
#include "tandem/io/safetensors.h"
#include "tandem/text/tokenizer.h"
#include "tandem/train/blip_task.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

constexpr double kTolerance = 1e-5;
constexpr double kRate = 0.05;

double relative_difference(const torch::Tensor& ours, const torch::Tensor& reference) {
  const torch::Tensor expected = reference.flatten().to(torch::kFloat64);
  const torch::Tensor found = ours.detach().flatten().to(torch::kFloat64);
  return ((found - expected).abs().max() / expected.abs().max()).item<double>();
}

class BlipReference : public testing::Test {
 protected:
  BlipReference() {
    config_.model = imported_.config.model;
    config_.model.text.dropout = config_.model.text.attention_dropout = 0;
    config_.model.decoder.dropout = config_.model.decoder.attention_dropout = 0;
    config_.task = {
        .kind = TaskKind::kBlip,
        .blip = {.momentum = 0.9, .queue_size = 6, .soft_share = 0.4, .soft_ramp_steps = 2}};
    config_.loss.label_smoothing = 0.1;
    config_.data.batch_size = 4;
  }

  // The task with the imported weights, its twin's included.
  void make_task(int64_t micro_batches) {
    config_.train.accumulation_steps = micro_batches;
    task_.emplace(TaskInputs{.config = config_,
                             .tokenizer = tokenizer_,
                             .device = torch::kCPU,
                             .communicator = *communicator_,
                             .has_checkpoint = true});
    const torch::NoGradGuard no_grad;
    const auto first = imported_.model->named_parameters();
    for (auto& each : task_->module()->named_parameters()) each.value().copy_(first[each.key()]);
    for (auto& [name, tensor] : task_->state()) {
      if (name.starts_with("twin.")) torch::Tensor(tensor).copy_(first[name.substr(5)]);
    }
  }

  [[nodiscard]] Batch batch(int64_t step) const {
    const torch::Tensor bounds = data_.at("in.cu_seqlens");
    const TokenBatch all{.ids = data_.at("in.ids"),
                         .cu_seqlens = bounds,
                         .max_length = bounds.diff().max().item<int64_t>()};
    const torch::Tensor groups = data_.at("in.groups")[step];
    return {.images = data_.at("in.images")[step],
            .tokens = all.slice(4 * step, 4 * step + 4),
            .image_groups = groups,
            .text_groups = groups};
  }

  void descend() {
    const torch::NoGradGuard no_grad;
    for (auto& each : task_->module()->named_parameters()) {
      if (each.value().grad().defined()) each.value().sub_(each.value().grad(), kRate);
      each.value().mutable_grad().reset();
    }
    task_->after_update();
  }

  void expect_losses(const TaskLosses& losses, int64_t step) const {
    for (const char* name : {"contrastive", "matching", "captioning"}) {
      const double reference = data_.at(std::string("out.") + name)[step].item<double>();
      EXPECT_NEAR(losses.terms.at(name).item<double>(), reference, kTolerance * reference)
          << name << " of step " << step;
    }
  }

  void expect_weights() const {
    const auto weights = task_->module()->named_parameters();
    const torch::Tensor qkv = weights["decoder.layers.0.attention.qkv.weight"];
    const torch::Tensor key_value = weights["text.layers.0.cross_attention.key_value.weight"];
    const TensorMap state = task_->state();
    const std::map<std::string, torch::Tensor> found = {
        {"log_scale", weights["logit_scale"]},
        {"token_embedding", weights["text.token_embedding"]},
        {"decoder_query", qkv.slice(0, 0, 64)},
        {"cross_value", key_value.slice(0, 64)},
        {"matching_head", weights["matching_head.weight"]},
        {"image_norm", weights["image.final_norm.weight"]},
        {"class_token", weights["image.class_token"]},
        {"twin.token_embedding", state.at("twin.text.token_embedding")},
        {"queue.image_embeddings", state.at("queue.image_embeddings")},
        {"queue.text_embeddings", state.at("queue.text_embeddings")},
    };
    for (const auto& [name, tensor] : found)
      EXPECT_LT(relative_difference(tensor, data_.at("out." + name)), kTolerance) << name;
    EXPECT_TRUE(torch::equal(state.at("queue.image_groups"), data_.at("out.queue.groups")));
  }

  const fs::path folder_ = fs::path(TANDEM_SOURCE_DIR) / "tests/golden/blip/salesforce";
  const ImportedModel imported_ =
      import_model(folder_ / "model.pth", ModelFormat::kHuggingFace, {.allow_pickle = true});
  const TensorMap data_ = load_safetensors(folder_ / "steps.safetensors").tensors;
  const Tokenizer tokenizer_ =
      train_tokenizer({"a red circle", "a blue square"}, {.train_vocab_size = 30});
  const std::shared_ptr<Communicator> communicator_ = single_process();
  RunConfig config_;
  std::optional<BlipTask> task_;
};

TEST_F(BlipReference, ThreeStepsWithAQueueThatGoesAround) {
  for (const int64_t micro_batches : {1, 2}) {
    make_task(micro_batches);
    for (int64_t step = 0; step < 3; ++step) {
      expect_losses(task_->forward_backward(batch(step), 1), step);
      descend();
    }
    expect_weights();
  }
}

// The comparison is not blind: one step with the wrong momentum shows.
TEST_F(BlipReference, AnotherMomentumShows) {
  config_.task.blip.momentum = 0.8;
  make_task(1);
  for (int64_t step = 0; step < 3; ++step) {
    (void)task_->forward_backward(batch(step), 1);
    descend();
  }
  EXPECT_GT(relative_difference(task_->state().at("twin.text.token_embedding"),
                                data_.at("out.twin.token_embedding")),
            kTolerance);
}

}  // namespace
}  // namespace tandem
