#include "train/session.h"

#include <utility>

#include "tandem/config/load.h"
#include "tandem/core/error.h"
#include "tandem/core/random.h"
#include "tandem/model/model_directory.h"
#include "tandem/train/train_step.h"

namespace tandem {
namespace {

// Streams that follow from the run seed.
constexpr uint64_t kWeightStream = 1;
constexpr uint64_t kDropoutStream = 2;

LoaderOptions loader_options(const RunConfig& config, const torch::Device& device) {
  return {.batch_size = config.data.batch_size,
          .image_size = config.model.image.image_size,
          .context_length = config.model.text.context_length,
          .transform = config.data.transform,
          .augment = config.data.augment,
          .training = true,
          .seed = config.run.seed,
          .start_position = 0,
          .threads = config.data.loader_threads,
          .prefetch_batches = config.data.prefetch_batches,
          .pin_memory = device.is_cuda(),
          .with_replacement = config.data.with_replacement,
          .caption_dropout = config.data.caption_dropout,
          .max_bad_ratio = config.data.max_bad_ratio,
          .max_caption_bytes = config.data.max_caption_bytes,
          .bad_samples_file = {},
          .stall_warning_seconds = config.train.stall_warning_seconds,
          .stall_timeout_seconds = 60.0 * config.train.stall_timeout_minutes};
}

ClipModel build_model(const RunConfig& config, const torch::Device& device,
                      const Checkpoint* checkpoint) {
  // A checkpoint holds every weight: what the first ones were read from may be gone by now.
  const auto seed = checkpoint == nullptr
                        ? std::optional(mix_seed({config.run.seed, kWeightStream}))
                        : std::nullopt;
  ClipModel model = make_model(config.model, seed);
  model->to(device);
  if (config.train.precision == Precision::kBf16) set_precision(model, torch::kBFloat16);
  if (checkpoint != nullptr) load_weights(model, checkpoint->weights, "checkpoint");
  model->recompute_activations(config.train.recompute_activations);
  model->train();
  return model;
}

std::vector<NamedParameter> parameters_to_train(const ClipModel& model) {
  std::vector<NamedParameter> parameters = trainable_parameters(*model);
  if (parameters.empty()) {
    throw Error(ErrorKind::kConfig, {.what = "nothing to train: every parameter is frozen",
                                     .where = "model",
                                     .hint = "freeze = false for one of the towers"});
  }
  return parameters;
}

}  // namespace

TrainingSession::TrainingSession(TrainingInputs inputs, const Checkpoint* checkpoint,
                                 std::filesystem::path bad_samples_file)
    : inputs_(std::move(inputs)),
      bad_samples_file_(std::move(bad_samples_file)),
      learning_rate_(config().optim, total_steps()),
      to_device_(device()) {
  if (checkpoint != nullptr) position_ = checkpoint->stream_position;
  open_loader();

  model_ = build_model(config(), device(), checkpoint);
  optimizer_ = std::make_unique<AdamW>(parameters_to_train(model_), config().optim);
  if (checkpoint != nullptr)
    optimizer_->load_state(checkpoint->optimizer, checkpoint->optimizer_steps);
}

void TrainingSession::open_loader() {
  LoaderOptions options = loader_options(config(), device());
  options.start_position = position_;
  options.bad_samples_file = bad_samples_file_;
  loader_.reset();  // its threads end before others begin
  loader_ = std::make_unique<Loader>(source(), tokenizer(), std::move(options));
}

void TrainingSession::rewind(const Checkpoint& checkpoint, uint64_t position) {
  load_weights(model_, checkpoint.weights, "checkpoint");
  optimizer_->load_state(checkpoint.optimizer, checkpoint.optimizer_steps);
  position_ = position;
  open_loader();
}

StepResult TrainingSession::train_step(int64_t step) {
  Batch batch = loader_->next();
  optimizer_->zero_grad();
  const PairGroups groups{.duplicates = config().loss.duplicates,
                          .image_groups = batch.image_groups,
                          .text_groups = batch.text_groups};
  const torch::Tensor loss = forward_backward(
      model_, {.images = to_device_(batch.images), .tokens = batch.tokens},
      clip_loss(model_, {.kind = config().loss.kind,
                         .label_smoothing = config().loss.label_smoothing,
                         .groups = groups}),
      {.micro_batches = config().train.accumulation_steps,
       .dropout_seed = mix_seed({config().run.seed, kDropoutStream, static_cast<uint64_t>(step)})});
  optimizer_->reduce();
  const torch::Tensor grad_norm = optimizer_->clip(config().optim.grad_clip_norm);

  const torch::Tensor finite = torch::isfinite(loss + grad_norm);
  optimizer_->update(learning_rate_.at(step), finite);
  model_->clamp_logit_scale();
  position_ = batch.next_position;
  return {.loss = loss,
          .grad_norm = grad_norm,
          .finite = LateFlag(finite),
          .keys = std::move(batch.keys),
          .groups = groups};
}

Checkpoint TrainingSession::checkpoint(int64_t step) const {
  return {.step = step,
          .stream_position = position_,
          .weights = named_weights(model_),
          .optimizer = optimizer_->state(),
          .optimizer_steps = optimizer_->steps(),
          .config_json = to_json(config()),
          .data_fingerprint = source().fingerprint(),
          .tokenizer_fingerprint = tokenizer().fingerprint(),
          .best = {},
          .numerics = {}};
}

double TrainingSession::epoch() const {
  return static_cast<double>(position_) / static_cast<double>(source().epoch_size());
}

}  // namespace tandem
