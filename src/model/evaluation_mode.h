#pragma once

#include <memory>
#include <utility>
#include <vector>

#include <torch/nn/module.h>
#include <torch/utils.h>

#include "tandem/model/clip_model.h"

namespace tandem {

/// The model as evaluations see it, for as long as this lives: without dropout and without
/// gradients. Each module goes back into its own mode afterwards.
class EvaluationMode {
 public:
  explicit EvaluationMode(ClipModel model) : model_(std::move(model)) {
    for (const auto& module : model_->modules()) modes_.emplace_back(module, module->is_training());
    model_->eval();
  }
  ~EvaluationMode() {
    // A module takes its children along: they come after it.
    for (const auto& [module, training] : modes_) module->train(training);
  }
  EvaluationMode(const EvaluationMode&) = delete;
  EvaluationMode& operator=(const EvaluationMode&) = delete;

 private:
  ClipModel model_;
  std::vector<std::pair<std::shared_ptr<torch::nn::Module>, bool>> modes_;
  torch::NoGradGuard no_grad_;
};

}  // namespace tandem
