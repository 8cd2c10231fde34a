#include "tandem/train/model_task.h"

#include <optional>
#include <utility>

#include "tandem/core/error.h"
#include "tandem/core/random.h"
#include "tandem/model/model_directory.h"

namespace tandem {
namespace {

constexpr uint64_t kWeightStream = 1;  // Of the run seed.

ClipModel build_model(const TaskInputs& inputs) {
  const RunConfig& config = inputs.config;
  // A checkpoint holds every weight: what the first ones were read from may be gone by now.
  const auto seed = inputs.has_checkpoint
                        ? std::nullopt
                        : std::optional(mix_seed({config.run.seed, kWeightStream}));
  ClipModel model = make_model(config.model, seed);
  model->to(inputs.device);
  if (config.train.precision == Precision::kBf16) set_precision(model, torch::kBFloat16);
  model->recompute_activations(config.train.recompute_activations);
  return model;
}

// What a model directory says about itself: nothing in it points outside.
ModelConfig portable_config(const RunConfig& config, const Tokenizer& tokenizer) {
  ModelConfig portable{config.model, config.tokenizer, config.data.transform};
  for (std::string* path : {&portable.model.pretrained, &portable.model.text.pretrained,
                            &portable.model.image.pretrained})
    path->clear();
  portable.tokenizer.file = tokenizer.file_name();
  portable.tokenizer.train_vocab_size = 0;
  return portable;
}

const ModelTask& as_model_task(const Task& task) {
  const auto* const with_model = dynamic_cast<const ModelTask*>(&task);
  if (with_model != nullptr) return *with_model;
  throw Error(ErrorKind::kUsage,
              ErrorText{.what = "this evaluation needs a task that trains a CLIP model",
                        .expected = "a ModelTask, such as task.kind clip"});
}

}  // namespace

ModelTask::ModelTask(const TaskInputs& inputs)
    : config_(inputs.config), tokenizer_(inputs.tokenizer), model_(build_model(inputs)) {}

void ModelTask::save_model(const std::filesystem::path& directory) const {
  const std::string caption = "a photo of a red circle";
  tandem::save_model(
      directory, model_, portable_config(config_, tokenizer_),
      {.text = caption, .ids = tokenizer_.encode(caption, config_.model.text.context_length).ids});
  tokenizer_.save(directory / tokenizer_.file_name());
}

bool ModelTask::is_model_file(std::string_view name) const { return tandem::is_model_file(name); }

ClipModel clip_model(const Task& task) { return as_model_task(task).model(); }

Evaluator on_clip(ClipEvaluator evaluator) {
  return [evaluator = std::move(evaluator)](const Task& task) {
    const ModelTask& with_model = as_model_task(task);
    return evaluator(with_model.model(), with_model.tokenizer());
  };
}

}  // namespace tandem
