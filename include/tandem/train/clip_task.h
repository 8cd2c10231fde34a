#pragma once

#include <functional>
#include <memory>
#include <string>

#include "tandem/loss/duplicates.h"
#include "tandem/model/clip_model.h"
#include "tandem/train/clip_loss.h"
#include "tandem/train/task.h"

namespace tandem {

/// task.kind clip: two towers and a contrastive loss. The model directory is that of save_model
/// (model/model_directory.h) with the run's tokenizer.
class ClipTask final : public Task {
 public:
  /// Returns the loss of one batch, whose duplicates `groups` names (on the host).
  using MakeLoss = std::function<EmbeddingLoss(const ClipModel& model, const PairGroups& groups)>;

  /// Without `make_loss` the loss is the configuration's: clip_loss. Throws as make_model, and
  /// kConfig where nothing of the model is trained.
  explicit ClipTask(const TaskInputs& inputs, MakeLoss make_loss = {});

  [[nodiscard]] ClipModel model() const { return model_; }
  [[nodiscard]] const Tokenizer& tokenizer() const { return tokenizer_; }

  [[nodiscard]] std::shared_ptr<torch::nn::Module> module() const override { return model_.ptr(); }
  TaskLosses forward_backward(const Batch& batch, uint64_t dropout_seed) override;
  void after_update() override { model_->clamp_logit_scale(); }
  [[nodiscard]] double chance_loss(const Batch& batch) const override;
  /// "logit_scale": exp(logit_scale), the multiplier of the similarities.
  [[nodiscard]] Metrics log_values() const override;
  [[nodiscard]] std::string memory_plan() const override;
  void save_model(const std::filesystem::path& directory) const override;
  [[nodiscard]] bool is_model_file(std::string_view name) const override;

 private:
  const RunConfig& config_;
  const Tokenizer& tokenizer_;
  MakeLoss make_loss_;
  ClipModel model_{nullptr};
};

/// Returns the model of a ClipTask. Throws kUsage for another task.
[[nodiscard]] ClipModel clip_model(const Task& task);

/// How an evaluation sees a CLIP model in the middle of a run.
using ClipEvaluator = std::function<Metrics(ClipModel model, const Tokenizer& tokenizer)>;
/// Returns `evaluator` for Trainer::add_evaluator. It throws kUsage for a task other than ClipTask.
[[nodiscard]] Evaluator on_clip(ClipEvaluator evaluator);

}  // namespace tandem
