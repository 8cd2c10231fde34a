#pragma once

#include <functional>
#include <memory>
#include <string>

#include "tandem/model/clip_model.h"
#include "tandem/train/task.h"

namespace tandem {

/// A task that trains a ClipModel or parts of it. The model directory is that of save_model
/// (model/model_directory.h) with the run's tokenizer.
class ModelTask : public Task {
 public:
  /// Makes the configuration's model on the run's device, in its precision. Throws as make_model,
  /// and kConfig where nothing of the model is trained.
  explicit ModelTask(const TaskInputs& inputs);

  [[nodiscard]] ClipModel model() const { return model_; }
  [[nodiscard]] const Tokenizer& tokenizer() const { return tokenizer_; }

  [[nodiscard]] std::shared_ptr<torch::nn::Module> module() const override { return model_.ptr(); }
  void save_model(const std::filesystem::path& directory) const override;
  [[nodiscard]] bool is_model_file(std::string_view name) const override;

 protected:
  [[nodiscard]] const RunConfig& config() const { return config_; }

 private:
  const RunConfig& config_;
  const Tokenizer& tokenizer_;
  ClipModel model_{nullptr};
};

/// Returns the model of a ModelTask. Throws kUsage for another task.
[[nodiscard]] ClipModel clip_model(const Task& task);

/// How an evaluation sees a ClipModel in the middle of a run.
using ClipEvaluator = std::function<Metrics(ClipModel model, const Tokenizer& tokenizer)>;
/// Returns `evaluator` for Trainer::add_evaluator. It throws kUsage for a task other than
/// ModelTask.
[[nodiscard]] Evaluator on_clip(ClipEvaluator evaluator);

}  // namespace tandem
