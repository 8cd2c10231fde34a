#pragma once

#include <utility>

#include <torch/utils.h>

#include "tandem/model/clip_model.h"

namespace tandem {

/// The model as evaluations see it, without dropout and without gradients, for as long as this
/// lives.
class EvaluationMode {
 public:
  explicit EvaluationMode(ClipModel model)
      : model_(std::move(model)), training_(model_->is_training()) {
    model_->eval();
  }
  ~EvaluationMode() { model_->train(training_); }
  EvaluationMode(const EvaluationMode&) = delete;
  EvaluationMode& operator=(const EvaluationMode&) = delete;

 private:
  ClipModel model_;
  bool training_;
  torch::NoGradGuard no_grad_;
};

}  // namespace tandem
