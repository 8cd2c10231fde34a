#include "tandem/eval/evaluators.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "tandem/core/random.h"
#include "tandem/data/shapes.h"
#include "tandem/data/source.h"
#include "tandem/eval/evaluate.h"

namespace tandem {
namespace {

using Metrics = std::map<std::string, double>;

constexpr int64_t kMaxShapes = 2000;
/// Sets the drawn test pictures apart from every picture that training draws.
constexpr uint64_t kEvaluationStream = 0x6576616c75617465;

struct Sources {
  RunConfig config;
  uint64_t seed = 0;
  std::unique_ptr<Source> validation;
  std::unique_ptr<Source> classes;
  std::unique_ptr<Source> seen_shapes;
  std::unique_ptr<Source> unseen_shapes;
};

std::unique_ptr<Source> open_shapes(const RunConfig& config, ShapesSplit split) {
  ShapesOptions options = config.data.train.shapes;
  options.split = split;
  options.count = std::min(config.eval.max_samples, kMaxShapes);
  return make_shapes_source(options, config.model.image.image_size);
}

std::shared_ptr<const Sources> open_sources(const RunConfig& config) {
  auto sources = std::make_shared<Sources>();
  sources->config = config;
  sources->seed = mix_seed({config.run.seed, kEvaluationStream});
  const SourceContext context = source_context(config.data, config.model.image.image_size);
  if (config.data.validation.kind != SourceKind::kNone)
    sources->validation = open_source(config.data.validation, context);
  if (!config.eval.zero_shot_path.empty()) {
    SourceOptions folder;
    folder.kind = SourceKind::kFolder;
    folder.path = config.eval.zero_shot_path;
    folder.class_names = config.eval.zero_shot_class_names;
    sources->classes = open_source(folder, context);
  }
  if (config.data.train.kind == SourceKind::kShapes) {
    sources->seen_shapes = open_shapes(config, ShapesSplit::kSeen);
    sources->unseen_shapes = open_shapes(config, ShapesSplit::kUnseen);
  }
  return sources;
}

void add_retrieval(const RetrievalResult& result, Metrics& metrics) {
  constexpr int kDepths[] = {1, 5, 10};
  for (size_t i = 0; i < 3; ++i) {
    metrics[fmt::format("retrieval/image_to_text_R@{}", kDepths[i])] = result.image_to_text[i];
    metrics[fmt::format("retrieval/text_to_image_R@{}", kDepths[i])] = result.text_to_image[i];
  }
  metrics["retrieval/image_to_text_median_rank"] = result.image_to_text_median_rank;
  metrics["retrieval/text_to_image_median_rank"] = result.text_to_image_median_rank;
}

Metrics evaluate(const Sources& sources, const Pipeline& pipeline) {
  const EvalOptions& options = sources.config.eval;
  const auto zero_shot = [&](const Source& source) {
    return evaluate_zero_shot(pipeline, source, options.templates, options.max_samples,
                              sources.seed);
  };
  Metrics metrics;
  if (sources.validation) {
    add_retrieval(
        evaluate_retrieval(pipeline, *sources.validation, options.max_samples, sources.seed),
        metrics);
  }
  if (sources.classes) {
    const ZeroShotResult result = zero_shot(*sources.classes);
    metrics["zero_shot/top1"] = result.top1;
    metrics["zero_shot/top5"] = result.top5;
    metrics["zero_shot/mean_per_class_recall"] = result.mean_per_class_recall;
  }
  if (sources.seen_shapes) metrics["zero_shot/seen_top1"] = zero_shot(*sources.seen_shapes).top1;
  if (sources.unseen_shapes)
    metrics["zero_shot/unseen_top1"] = zero_shot(*sources.unseen_shapes).top1;
  return metrics;
}

}  // namespace

std::function<Metrics(ClipModel, const Tokenizer&)> make_evaluator(const RunConfig& config) {
  return [sources = open_sources(config)](ClipModel model, const Tokenizer& tokenizer) {
    const RunConfig& run = sources->config;
    const ModelConfig view{
        .model = model->options(), .tokenizer = run.tokenizer, .transform = run.data.transform};
    // The caller keeps the tokenizer alive during the call; the pipeline does not own it.
    const std::shared_ptr<const Tokenizer> borrowed(std::shared_ptr<void>(), &tokenizer);
    return evaluate(*sources,
                    Pipeline::from_model(std::move(model), borrowed, view, run.eval.batch_size));
  };
}

}  // namespace tandem
