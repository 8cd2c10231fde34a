#pragma once

#include <memory>

#include "tandem/train/task.h"
#include "tandem/train/training_inputs.h"

namespace tandem::test {

/// The task of a run that is not trained, with its data.
struct TaskStep {
  explicit TaskStep(const RunConfig& config)
      : inputs(open_inputs(config, torch::kCPU)),
        task(make_task({.config = inputs.config,
                        .tokenizer = *inputs.tokenizer,
                        .device = torch::kCPU,
                        .communicator = *communicator,
                        .has_checkpoint = false})),
        loader(*inputs.source, *inputs.tokenizer, loader_options(inputs)) {}

  [[nodiscard]] TensorMap gradients() const {
    TensorMap result;
    for (const auto& each : task->module()->named_parameters())
      if (each.value().grad().defined()) result.emplace(each.key(), each.value().grad().clone());
    return result;
  }

  std::shared_ptr<Communicator> communicator = single_process();
  TrainingInputs inputs;
  std::unique_ptr<Task> task;
  Loader loader;
};

}  // namespace tandem::test
