#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <torch/types.h>

#include "tandem/data/loader.h"
#include "tandem/optim/adamw.h"
#include "tandem/optim/schedule.h"
#include "tandem/train/checkpoint.h"
#include "tandem/train/task.h"
#include "tandem/train/training_inputs.h"
#include "train/step/late_flag.h"
#include "train/step/side_copy.h"

namespace tandem {

/// What came of one step.
struct StepResult {
  TaskLosses losses;
  torch::Tensor grad_norm;  ///< fp32 scalar on the device, before clipping.
  LateFlag finite;          ///< Whether loss and norm are; otherwise the step changed nothing.
  double chance_loss = 0;   ///< Of the batch.
  std::vector<std::string> keys;  ///< Names of the batch's samples, this rank's.
  torch::Tensor image_groups;     ///< Of the batch, of all ranks.
  torch::Tensor text_groups;      ///< Of the batch, of all ranks.
};

struct SessionOptions {
  MakeTask make_task = tandem::make_task;
  std::shared_ptr<Communicator> communicator = single_process();
  /// Where unusable samples are listed; empty for nowhere.
  std::filesystem::path bad_samples_file = {};
};

/// Data, task and optimizer of a run, and how one step moves them. Knows nothing of folders, logs
/// and loops.
class TrainingSession {
 public:
  /// Makes everything; with a `checkpoint`, as it was when that was taken, and without the
  /// pretrained weights that the run began with. Throws kData, kConfig, kCheckpoint.
  TrainingSession(TrainingInputs inputs, SessionOptions options, const Checkpoint* checkpoint);
  TrainingSession(const TrainingSession&) = delete;
  TrainingSession& operator=(const TrainingSession&) = delete;

  /// Gives every rank the state of rank 0, which is after `step` steps: what each of them drew or
  /// read may differ in its last digits between machines. Throws as require_same_start. Collective.
  void share_state(int64_t step);
  /// Runs step `step` (0-based) on the next batch. A loss or gradient that is not finite leaves
  /// weights and optimizer untouched. Only queues work on a GPU: nothing here waits for it.
  StepResult train_step(int64_t step);
  /// Goes back to `checkpoint`, but on to the batches from `position` on. Throws kCheckpoint.
  void rewind(const Checkpoint& checkpoint, uint64_t position);
  /// Returns the state after `step` steps. The tensors are views: save before stepping on.
  [[nodiscard]] Checkpoint checkpoint(int64_t step) const;

  [[nodiscard]] const RunConfig& config() const noexcept { return inputs_.config; }
  [[nodiscard]] const torch::Device& device() const noexcept { return inputs_.device; }
  [[nodiscard]] const Source& source() const noexcept { return *inputs_.source; }
  [[nodiscard]] const Tokenizer& tokenizer() const { return *inputs_.tokenizer; }
  [[nodiscard]] Communicator& communicator() const { return *options_.communicator; }
  [[nodiscard]] const Task& task() const { return *task_; }
  [[nodiscard]] Task& task() { return *task_; }
  /// Makes the task a second time, with the weights and the state of `checkpoint`, which `where`
  /// names. Throws kCheckpoint.
  [[nodiscard]] std::unique_ptr<Task> make_task(const Checkpoint& checkpoint,
                                                const std::string& where) const;
  [[nodiscard]] const AdamW& optimizer() const { return *optimizer_; }
  [[nodiscard]] const LearningRate& learning_rate() const { return learning_rate_; }
  [[nodiscard]] LoaderStats loader_stats() const { return loader_->stats(); }
  [[nodiscard]] int64_t total_steps() const { return *config().train.max_steps; }
  /// Position of the next batch in the stream of samples.
  [[nodiscard]] uint64_t position() const noexcept { return position_; }
  /// Epochs done so far, whole and in part.
  [[nodiscard]] double epoch() const;

 private:
  void open_loader();

  TrainingInputs inputs_;
  SessionOptions options_;
  LearningRate learning_rate_;
  uint64_t position_ = 0;
  std::unique_ptr<Loader> loader_;
  SideCopy to_device_;
  std::unique_ptr<Task> task_;
  std::unique_ptr<AdamW> optimizer_;
};

}  // namespace tandem
