#include "tandem/eval/evaluators.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "config/json/names.h"
#include "config/json/strings.h"
#include "tandem/core/error.h"
#include "tandem/core/random.h"
#include "tandem/data/shapes.h"
#include "tandem/data/source.h"
#include "tandem/eval/captioning.h"
#include "tandem/eval/evaluate.h"

namespace tandem {
namespace {

using Metrics = std::map<std::string, double>;

constexpr int64_t kMaxShapes = 2000;
constexpr const char* kSeen = "zero_shot/seen_top1";
constexpr const char* kUnseen = "zero_shot/unseen_top1";
constexpr const char* kSeenCaptions = "captions/seen_true";
constexpr const char* kUnseenCaptions = "captions/unseen_true";
constexpr const char* kSeenMatching = "matching/seen_accuracy";
constexpr const char* kUnseenMatching = "matching/unseen_accuracy";
/// Sets the drawn test images apart from every image that training draws.
constexpr uint64_t kEvaluationStream = 0x6576616c75617465;

struct Sources {
  RunConfig config;
  uint64_t seed = 0;
  std::unique_ptr<Source> validation;
  std::unique_ptr<Source> classes;
  std::unique_ptr<Source> seen_shapes;
  std::unique_ptr<Source> unseen_shapes;
};

ShapesOptions shapes_of(const RunConfig& config, ShapesSplit split) {
  ShapesOptions options = config.data.train.shapes;
  options.split = split;
  options.count = std::min(config.eval.max_samples, kMaxShapes);
  return options;
}

std::unique_ptr<Source> open_shapes(const RunConfig& config, ShapesSplit split) {
  return make_shapes_source(shapes_of(config, split), config.model.image.image_size);
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

ZeroShotResult classify(const Sources& sources, const Pipeline& pipeline, const Source& source) {
  const EvalOptions& options = sources.config.eval;
  return evaluate_zero_shot(pipeline, source, options.templates, options.max_samples, sources.seed);
}

void add(const std::string& prefix, const Metrics& metrics, Metrics& all) {
  for (const auto& [name, value] : metrics) all[prefix + name] = value;
}

Metrics retrieve_pairs(const Sources& sources, const Pipeline& pipeline) {
  const RetrievalResult result =
      evaluate_retrieval(pipeline, *sources.validation,
                         {.max_samples = sources.config.eval.max_samples, .seed = sources.seed});
  const double chance = 1.0 / static_cast<double>(result.images);
  Metrics metrics = {{"retrieval/image_retrieval_recall@1_chance", chance},
                     {"retrieval/text_retrieval_recall@1_chance", chance}};
  add("retrieval/", named_metrics(result), metrics);
  return metrics;
}

Metrics classify_tree(const Sources& sources, const Pipeline& pipeline) {
  const ZeroShotResult result = classify(sources, pipeline, *sources.classes);
  Metrics metrics = {{"zero_shot/acc1_chance", result.majority}};
  add("zero_shot/", named_metrics(result), metrics);
  return metrics;
}

Metrics classify_seen(const Sources& sources, const Pipeline& pipeline) {
  const ZeroShotResult result = classify(sources, pipeline, *sources.seen_shapes);
  return {{kSeen, result.top1}, {std::string(kSeen) + "_chance", result.majority}};
}

Metrics classify_unseen(const Sources& sources, const Pipeline& pipeline) {
  const ZeroShotResult result = classify(sources, pipeline, *sources.unseen_shapes);
  return {{kUnseen, result.top1}, {std::string(kUnseen) + "_chance", result.majority}};
}

Metrics caption_pairs(const Sources& sources, const Pipeline& pipeline) {
  Metrics metrics;
  add("captions/",
      named_metrics(evaluate_captions(pipeline, *sources.validation,
                                      sources.config.eval.max_samples, sources.seed)),
      metrics);
  return metrics;
}

Metrics caption_shapes(const Sources& sources, const Pipeline& pipeline, ShapesSplit split) {
  const ShapesOptions options = shapes_of(sources.config, split);
  const ShapeCaptionResult result =
      evaluate_shape_captions(pipeline, options, options.count, sources.seed);
  const std::string name = split == ShapesSplit::kSeen ? kSeenCaptions : kUnseenCaptions;
  return {{name, result.true_captions}, {name + "_chance", result.shuffled}};
}

Metrics caption_seen(const Sources& sources, const Pipeline& pipeline) {
  return caption_shapes(sources, pipeline, ShapesSplit::kSeen);
}

Metrics caption_unseen(const Sources& sources, const Pipeline& pipeline) {
  return caption_shapes(sources, pipeline, ShapesSplit::kUnseen);
}

Metrics match_shapes(const Sources& sources, const Pipeline& pipeline, ShapesSplit split) {
  const ShapesOptions options = shapes_of(sources.config, split);
  const std::string name = split == ShapesSplit::kSeen ? kSeenMatching : kUnseenMatching;
  return {{name, evaluate_shape_matching(pipeline, options, options.count, sources.seed)},
          {name + "_chance", 0.5}};
}

Metrics match_seen(const Sources& sources, const Pipeline& pipeline) {
  return match_shapes(sources, pipeline, ShapesSplit::kSeen);
}

Metrics match_unseen(const Sources& sources, const Pipeline& pipeline) {
  return match_shapes(sources, pipeline, ShapesSplit::kUnseen);
}

using Evaluation = Metrics (*)(const Sources&, const Pipeline&);
using Evaluator = std::function<Metrics(ClipModel, const Tokenizer&)>;

Evaluator on_a_model(const std::shared_ptr<const Sources>& sources, Evaluation evaluation) {
  return [sources, evaluation](ClipModel model, const Tokenizer& tokenizer) {
    const RunConfig& run = sources->config;
    const ModelConfig view{
        .model = model->options(), .tokenizer = run.tokenizer, .transform = run.data.transform};
    // The caller keeps the tokenizer alive during the call; the pipeline does not own it.
    const std::shared_ptr<const Tokenizer> borrowed(std::shared_ptr<void>(), &tokenizer);
    return evaluation(*sources,
                      Pipeline::from_model(std::move(model), borrowed, view, run.eval.batch_size));
  };
}

}  // namespace

std::vector<Evaluator> make_evaluators(const RunConfig& config) {
  const auto sources = open_sources(config);
  std::vector<Evaluator> evaluators;
  const auto add_if = [&](bool wanted, Evaluation evaluation) {
    if (wanted) evaluators.push_back(on_a_model(sources, evaluation));
  };
  const TaskKind task = config.task.kind;
  if (task != TaskKind::kClip) {
    add_if(sources->validation != nullptr, caption_pairs);
    add_if(sources->seen_shapes != nullptr, caption_seen);
    add_if(sources->unseen_shapes != nullptr, caption_unseen);
  }
  if (task == TaskKind::kBlip) {
    add_if(sources->seen_shapes != nullptr, match_seen);
    add_if(sources->unseen_shapes != nullptr, match_unseen);
  }
  if (task == TaskKind::kCaptioner) return evaluators;
  add_if(sources->validation != nullptr, retrieve_pairs);
  add_if(sources->classes != nullptr, classify_tree);
  add_if(sources->seen_shapes != nullptr, classify_seen);
  add_if(sources->unseen_shapes != nullptr, classify_unseen);
  return evaluators;
}

std::vector<std::string> metric_names(const RunConfig& config) {
  Metrics metrics;
  const TaskKind task = config.task.kind;
  const bool shapes = config.data.train.kind == SourceKind::kShapes;
  const auto add_shapes = [&](bool wanted, std::initializer_list<const char*> those) {
    if (!wanted || !shapes) return;
    for (const char* name : those) metrics[name] = 0;
  };
  add_shapes(task != TaskKind::kClip, {kSeenCaptions, kUnseenCaptions});
  add_shapes(task == TaskKind::kBlip, {kSeenMatching, kUnseenMatching});
  add_shapes(task != TaskKind::kCaptioner, {kSeen, kUnseen});
  const bool validates = config.data.validation.kind != SourceKind::kNone;
  if (task != TaskKind::kClip && validates)
    add("captions/", named_metrics(CaptionScores{}), metrics);
  if (task != TaskKind::kCaptioner && validates)
    add("retrieval/", named_metrics(RetrievalResult{}), metrics);
  if (task != TaskKind::kCaptioner && !config.eval.zero_shot_path.empty())
    add("zero_shot/", named_metrics(ZeroShotResult{}), metrics);
  std::vector<std::string> names;
  for (const auto& [name, value] : metrics) names.push_back(name);
  return names;
}

void check_best_metric(const RunConfig& config) {
  const std::string& metric = config.train.keep_best_metric;
  const std::vector<std::string> names = metric_names(config);
  if (metric.empty() || std::find(names.begin(), names.end(), metric) != names.end()) return;
  const std::optional<std::string> nearest = config::nearest_name(metric, names);
  ErrorText text{.what = "no evaluation of this configuration computes this metric",
                 .where = "train.keep_best_metric",
                 .expected = config::join(names, ", "),
                 .found = config::shorten(metric),
                 .hint = nearest.value_or("")};
  if (names.empty()) text.hint = "data.validation or eval.zero_shot_path, which evaluate on data";
  throw Error(ErrorKind::kConfig, text);
}

}  // namespace tandem
