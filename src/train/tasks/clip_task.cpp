#include "tandem/train/clip_task.h"

#include <cmath>
#include <optional>
#include <utility>

#include "tandem/core/error.h"
#include "tandem/core/random.h"
#include "tandem/model/model_directory.h"
#include "tandem/train/train_step.h"
#include "train/metrics/chance.h"
#include "train/tasks/memory_plan.h"

namespace tandem {
namespace {

constexpr uint64_t kWeightStream = 1;  // Of the run seed.

ClipModel build_model(const TaskInputs& inputs) {
  const RunConfig& config = inputs.config;
  if (inputs.communicator.world_size() > 1) {
    throw Error(ErrorKind::kUsage,
                {.what = "the contrastive loss does not span several processes yet",
                 .expected = "one process",
                 .found = std::to_string(inputs.communicator.world_size())});
  }
  // A checkpoint holds every weight: what the first ones were read from may be gone by now.
  const auto seed = inputs.has_checkpoint
                        ? std::nullopt
                        : std::optional(mix_seed({config.run.seed, kWeightStream}));
  ClipModel model = make_model(config.model, seed);
  model->to(inputs.device);
  if (config.train.precision == Precision::kBf16) set_precision(model, torch::kBFloat16);
  model->recompute_activations(config.train.recompute_activations);
  return model;
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

// What a model directory says about itself: nothing in it points outside.
ModelConfig portable_config(const RunConfig& config, const Tokenizer& tokenizer) {
  ModelConfig portable{config.model, config.tokenizer, config.data.transform};
  for (std::string* path : {&portable.model.pretrained, &portable.model.text.pretrained,
                            &portable.model.image.pretrained})
    path->clear();
  portable.tokenizer.file = tokenizer.file_name();
  portable.tokenizer.train_vocab_size = 0;
  return portable;
}

const ClipTask& as_clip(const Task& task) {
  const auto* const clip = dynamic_cast<const ClipTask*>(&task);
  if (clip != nullptr) return *clip;
  throw Error(
      ErrorKind::kUsage,
      ErrorText{.what = "this evaluation needs a CLIP model, and the run trains another task",
                .expected = "task.kind clip"});
}

}  // namespace

ClipTask::ClipTask(const TaskInputs& inputs, MakeLoss make_loss)
    : config_(inputs.config),
      tokenizer_(inputs.tokenizer),
      make_loss_(make_loss ? std::move(make_loss) : configured_loss(config_.loss)),
      model_(build_model(inputs)) {}

TaskLosses ClipTask::forward_backward(const Batch& batch, uint64_t dropout_seed) {
  const PairGroups groups = groups_of(batch, config_.loss.duplicates);
  return {.total = tandem::forward_backward(
              model_, {.images = batch.images, .tokens = batch.tokens}, make_loss_(model_, groups),
              {.micro_batches = config_.train.accumulation_steps, .dropout_seed = dropout_seed})};
}

double ClipTask::chance_loss(const Batch& batch) const {
  return tandem::chance_loss(config_.loss.kind, groups_of(batch, config_.loss.duplicates),
                             config_.data.batch_size);
}

Metrics ClipTask::log_values() const {
  return {{"logit_scale", std::exp(model_->logit_scale().item<double>())}};
}

std::string ClipTask::memory_plan() const { return memory_plan_line(plan_memory(config_, model_)); }

void ClipTask::save_model(const std::filesystem::path& directory) const {
  const std::string caption = "a photo of a red circle";
  tandem::save_model(
      directory, model_, portable_config(config_, tokenizer_),
      {.text = caption, .ids = tokenizer_.encode(caption, config_.model.text.context_length).ids});
  tokenizer_.save(directory / tokenizer_.file_name());
}

bool ClipTask::is_model_file(std::string_view name) const { return tandem::is_model_file(name); }

ClipModel clip_model(const Task& task) { return as_clip(task).model(); }

Evaluator on_clip(ClipEvaluator evaluator) {
  return [evaluator = std::move(evaluator)](const Task& task) {
    const ClipTask& clip = as_clip(task);
    return evaluator(clip.model(), clip.tokenizer());
  };
}

}  // namespace tandem
