#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "tandem/model/clip_model.h"

namespace tandem {

/// Puts every module into evaluation mode, and each back into its own mode afterwards.
class EvaluationMode {
 public:
  explicit EvaluationMode(ClipModel model) : model_(std::move(model)) {
    for (const auto& module : model_->modules()) modes_.emplace_back(module, module->is_training());
    model_->eval();
  }
  ~EvaluationMode() {
    for (const auto& [module, training] : modes_) module->train(training);
  }
  EvaluationMode(const EvaluationMode&) = delete;
  EvaluationMode& operator=(const EvaluationMode&) = delete;

 private:
  ClipModel model_;
  std::vector<std::pair<std::shared_ptr<torch::nn::Module>, bool>> modes_;
};

}  // namespace tandem
