#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <torch/nn/module.h>
#include <torch/types.h>

#include "tandem/config/run_config.h"
#include "tandem/data/loader.h"
#include "tandem/distributed/communicator.h"
#include "tandem/io/safetensors.h"
#include "tandem/text/tokenizer.h"

namespace tandem {

/// Metrics by name: "zero_shot/unseen_top1", "retrieval/text_retrieval_recall@1", …. The value that
/// guessing gives has the same name with "_chance" appended.
using Metrics = std::map<std::string, double>;

/// The losses of one step over the samples of all ranks, the same on each: detached fp32 scalars on
/// the run's device.
struct TaskLosses {
  torch::Tensor total;  ///< The one that was differentiated.
  /// What it consists of, where that is more than one loss; the same names in every step.
  std::map<std::string, torch::Tensor> terms = {};
};

/// What is trained: the model, its loss, and what a checkpoint, an evaluation and the model
/// directory hold of it. The training loop, the optimizer, checkpoints, resuming, records and the
/// dry run work for every task. For one thread.
class Task {
 public:
  virtual ~Task() = default;

  /// Returns the module that is trained, always the same one. Its named parameters are the weights
  /// of a checkpoint; those that require gradients are trained.
  [[nodiscard]] virtual std::shared_ptr<torch::nn::Module> module() const = 0;
  /// Runs forward, loss and backward of this rank's part of a batch and adds to the gradients of
  /// the module: the sum over all ranks is that of the whole batch. The groups of `batch` are those
  /// of all ranks' samples, in the order of the ranks. Images are on the run's device, everything
  /// else on the host. Random numbers must follow from
  /// `dropout_seed` alone: a resumed run repeats the step to the bit.
  virtual TaskLosses forward_backward(const Batch& batch, uint64_t dropout_seed) = 0;
  /// Called after each update of the weights, for limits on them and for averages of them. Not
  /// called from the loss, which may be not finite: then the update has left the weights unchanged.
  virtual void after_update() {}

  /// Returns what a checkpoint needs beyond the weights and the optimizer's state, by name: a
  /// moving average, a queue. Views of tensors that have the same names in every step.
  [[nodiscard]] virtual TensorMap state() const { return {}; }
  /// Copies what state() gave. Throws kCheckpoint when names or shapes differ.
  virtual void load_state(const TensorMap& state);

  /// Returns the loss that guessing gives on `batch`, NaN where that is unknown. A batch without
  /// groups is taken as one without duplicates.
  [[nodiscard]] virtual double chance_loss(const Batch& batch) const;
  /// Returns further numbers for log lines and metrics.jsonl, by name: "logit_scale". The same
  /// names in every step.
  [[nodiscard]] virtual Metrics log_values() const { return {}; }
  /// Returns a line for the log about the memory that a step needs; empty where that is unknown.
  [[nodiscard]] virtual std::string memory_plan() const { return {}; }

  /// Writes what the run is for into `directory`, which exists and is empty: the model directory.
  virtual void save_model(const std::filesystem::path& directory) const = 0;
  /// Whether save_model writes a file of that name: an earlier one is removed then, other files of
  /// an earlier model directory are kept.
  [[nodiscard]] virtual bool is_model_file(std::string_view name) const = 0;
};

/// What a task is made from.
struct TaskInputs {
  const RunConfig&
      config;  ///< Resolved: vocab_size, steps and warm-up filled in. Outlives the task.
  const Tokenizer& tokenizer;  ///< Outlives the task.
  torch::Device device;        ///< Where the module must be.
  Communicator& communicator;  ///< Of the run. Outlives the task.
  bool has_checkpoint;         ///< All weights and the state come from a checkpoint, which is read
                               ///< afterwards: no others need to be drawn or read.
};

/// Makes a task. It is called once for a run, and once more for the best checkpoint's model.
using MakeTask = std::function<std::unique_ptr<Task>(const TaskInputs& inputs)>;

/// Makes the task of `inputs.config.task.kind`. Throws as the task's constructor.
[[nodiscard]] std::unique_ptr<Task> make_task(const TaskInputs& inputs);

/// Evaluates a task in the middle of a run: without dropout and without gradients. What it throws
/// is a warning or ends the run, as eval.on_error says. Of several processes each runs it on the
/// same weights and all of the evaluation's data, so that none waits long for another; it must not
/// call the communicator. What rank 0 finds is recorded.
using Evaluator = std::function<Metrics(const Task& task)>;

}  // namespace tandem
