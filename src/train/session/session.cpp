#include "train/session/session.h"

#include <utility>

#include "tandem/config/load.h"
#include "tandem/core/error.h"
#include "tandem/core/random.h"
#include "tandem/model/model_directory.h"
#include "train/session/same_start.h"

namespace tandem {
namespace {

constexpr uint64_t kDropoutStream = 2;  // Of the run seed.

std::vector<NamedParameter> parameters_to_train(const torch::nn::Module& module) {
  std::vector<NamedParameter> parameters = trainable_parameters(module);
  if (parameters.empty()) {
    throw Error(ErrorKind::kConfig, {.what = "nothing to train: every parameter is frozen",
                                     .where = "model",
                                     .hint = "freeze = false for one of the towers"});
  }
  return parameters;
}

TaskInputs task_inputs(const TrainingInputs& inputs, Communicator& communicator,
                       bool has_checkpoint) {
  return {.config = inputs.config,
          .tokenizer = *inputs.tokenizer,
          .device = inputs.device,
          .communicator = communicator,
          .has_checkpoint = has_checkpoint};
}

// Each rank has its own samples, and its own masks.
uint64_t dropout_seed(uint64_t run_seed, int64_t step, int64_t rank) {
  const uint64_t seed = mix_seed({run_seed, kDropoutStream, static_cast<uint64_t>(step)});
  return rank == 0 ? seed : mix_seed({seed, static_cast<uint64_t>(rank)});
}

// Duplicates may lie on different ranks: a batch's groups become those of all of them.
void gather_groups(Batch& batch, Communicator& communicator) {
  if (communicator.world_size() == 1) return;
  const torch::Tensor own = torch::stack({batch.image_groups, batch.text_groups}, 1);  // [B, 2]
  const torch::Tensor all = communicator.all_gather(own).t().contiguous();             // [2, N]
  batch.image_groups = all[0];
  batch.text_groups = all[1];
}

void load(Task& task, const Checkpoint& checkpoint, const std::string& where) {
  load_weights(*task.module(), checkpoint.weights, where);
  task.load_state(checkpoint.task_state);
}

}  // namespace

TrainingSession::TrainingSession(TrainingInputs inputs, SessionOptions options,
                                 const Checkpoint* checkpoint)
    : inputs_(std::move(inputs)),
      options_(std::move(options)),
      learning_rate_(config().optim, total_steps()),
      to_device_(device()) {
  if (checkpoint != nullptr) position_ = checkpoint->stream_position;
  open_loader();

  task_ = checkpoint != nullptr ? make_task(*checkpoint, "checkpoint")
                                : options_.make_task(task_inputs(inputs_, communicator(), false));
  task_->module()->train();
  optimizer_ = std::make_unique<AdamW>(parameters_to_train(*task_->module()), config().optim);
  if (checkpoint != nullptr)
    optimizer_->load_state(checkpoint->optimizer, checkpoint->optimizer_steps);
}

std::unique_ptr<Task> TrainingSession::make_task(const Checkpoint& checkpoint,
                                                 const std::string& where) const {
  std::unique_ptr<Task> task = options_.make_task(task_inputs(inputs_, communicator(), true));
  load(*task, checkpoint, where);
  return task;
}

void TrainingSession::open_loader() {
  LoaderOptions options = loader_options(inputs_);
  options.start_position = position_;
  options.bad_samples_file = options_.bad_samples_file;
  options.rank = communicator().rank();
  options.world_size = communicator().world_size();
  loader_.reset();  // its threads end before others begin
  loader_ = std::make_unique<Loader>(source(), tokenizer(), std::move(options));
}

void TrainingSession::rewind(const Checkpoint& checkpoint, uint64_t position) {
  load(*task_, checkpoint, "checkpoint");
  optimizer_->load_state(checkpoint.optimizer, checkpoint.optimizer_steps);
  position_ = position;
  open_loader();
}

StepResult TrainingSession::train_step(int64_t step) {
  Batch batch;
  run_together(communicator(), [&] { batch = loader_->next(); });
  gather_groups(batch, communicator());
  batch.images = to_device_(batch.images);
  optimizer_->zero_grad();
  TaskLosses losses =
      task_->forward_backward(batch, dropout_seed(config().run.seed, step, communicator().rank()));
  optimizer_->reduce(communicator());
  const torch::Tensor grad_norm = optimizer_->clip(config().optim.grad_clip_norm);

  const torch::Tensor finite = torch::isfinite(losses.total + grad_norm);
  optimizer_->update(learning_rate_.at(step), finite);
  task_->after_update();
  position_ = batch.next_position;
  return {.losses = std::move(losses),
          .grad_norm = grad_norm,
          .finite = LateFlag(finite),
          .chance_loss = task_->chance_loss(batch),
          .keys = std::move(batch.keys),
          .image_groups = batch.image_groups,
          .text_groups = batch.text_groups};
}

void TrainingSession::share_state(int64_t step) {
  if (communicator().world_size() == 1) return;
  require_same_start(*this, step);
  const Checkpoint own = checkpoint(step);
  for (const TensorMap* tensors : {&own.weights, &own.task_state, &own.optimizer})
    for (const auto& [name, tensor] : *tensors) communicator().broadcast(tensor);
}

Checkpoint TrainingSession::checkpoint(int64_t step) const {
  return {.step = step,
          .stream_position = position_,
          .weights = named_weights(*task_->module()),
          .task_state = task_->state(),
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
