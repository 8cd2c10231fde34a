#pragma once

#include <memory>
#include <utility>
#include <vector>

#include <torch/nn/module.h>
#include <torch/utils.h>

namespace tandem {

/// Puts a module into evaluation mode and turns gradients off, for as long as this lives. Each
/// module inside goes back into its own mode afterwards.
class EvaluationMode {
 public:
  explicit EvaluationMode(const std::shared_ptr<torch::nn::Module>& model) {
    for (const auto& module : model->modules()) modes_.emplace_back(module, module->is_training());
    model->eval();
  }
  ~EvaluationMode() {
    // A module takes its children along: they come after it.
    for (const auto& [module, training] : modes_) module->train(training);
  }
  EvaluationMode(const EvaluationMode&) = delete;
  EvaluationMode& operator=(const EvaluationMode&) = delete;

 private:
  std::vector<std::pair<std::shared_ptr<torch::nn::Module>, bool>> modes_;
  torch::NoGradGuard no_grad_;
};

}  // namespace tandem
