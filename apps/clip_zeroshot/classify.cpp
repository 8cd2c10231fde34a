#include "clip_zeroshot/classify.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <torch/types.h>

#include "clip_zeroshot/report.h"
#include "common/images.h"
#include "common/names.h"
#include "common/text_io.h"
#include "tandem/config/run_config.h"
#include "tandem/data/source.h"
#include "tandem/eval/embed_source.h"
#include "tandem/eval/zero_shot.h"

namespace tandem::apps {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> given_classes(const ZeroShotArguments& arguments) {
  if (!arguments.classes_file.empty()) return read_names(arguments.classes_file);
  if (!arguments.classes.empty()) return split_names(arguments.classes);
  return {};
}

std::vector<std::string> given_templates(const ZeroShotArguments& arguments) {
  return arguments.templates_file.empty() ? EvalOptions{}.templates
                                          : read_names(arguments.templates_file);
}

Ranking rank(const fs::path& file, const torch::Tensor& class_scores,
             const std::vector<std::string>& classes, int64_t top_k) {
  Ranking ranking{.image = file.string(), .entries = {}, .error = {}};
  const auto [scores, indices] = class_scores.to(torch::kFloat64).topk(top_k);
  for (int64_t i = 0; i < top_k; ++i) {
    const auto index = static_cast<size_t>(indices[i].item<int64_t>());
    ranking.entries.push_back({classes[index], scores[i].item<double>()});
  }
  return ranking;
}

/// What can be said about some images: their scores [n, classes], zeros for invalid ones.
struct PartialScores {
  torch::Tensor scores;
  std::vector<std::optional<Error>> errors;
};
using ScoreImages = std::function<PartialScores(const std::vector<fs::path>&)>;

ScoreImages by_similarity(const Pipeline& pipeline, const std::vector<std::string>& classes,
                          const std::vector<std::string>& templates) {
  const torch::Tensor classifier = zero_shot_classifier(pipeline, classes, templates);  // [C, D]
  return [&pipeline, classifier](const std::vector<fs::path>& files) {
    PartialEmbeddings images = pipeline.try_encode_images(files);
    return PartialScores{pipeline.scores(images.embeddings, classifier), std::move(images.errors)};
  };
}

/// Every class in every template with every image; of several templates the mean of the logits.
ScoreImages by_matching(const Pipeline& pipeline, const std::vector<std::string>& classes,
                        const std::vector<std::string>& templates) {
  check_class_names(classes);
  std::vector<std::string> texts;
  for (const std::string& name : classes)
    for (const std::string& pattern : templates) texts.push_back(fill_template(pattern, name));
  const std::vector<int64_t> sizes = {-1, static_cast<int64_t>(classes.size()),
                                      static_cast<int64_t>(templates.size())};
  return [&pipeline, texts, sizes](const std::vector<fs::path>& files) {
    PartialMatches matches = pipeline.try_match(files, {files.size(), texts});
    const torch::Tensor logits = torch::stack(matches.logits).view(sizes);  // [n, C, templates]
    return PartialScores{logits.mean(2).sigmoid(), std::move(matches.errors)};
  };
}

RankingScore score_of(const ZeroShotArguments& arguments, const Pipeline& pipeline) {
  if (arguments.match) return RankingScore::kMatch;
  return pipeline.score_kind() == ScoreKind::kSigmoid ? RankingScore::kSigmoid
                                                      : RankingScore::kSoftmax;
}

int rank_images(const ZeroShotArguments& arguments) {
  const std::vector<std::string> classes = given_classes(arguments);
  if (classes.empty()) {
    throw Error(ErrorKind::kUsage, ErrorText{.what = "no classes to choose from",
                                             .hint = "--classes a,b,c or --classes-file FILE"});
  }
  const std::vector<fs::path> files = list_images(arguments.images, arguments.allow_outside_root);
  const Pipeline pipeline = load_pipeline(arguments.model);
  const ScoreImages score = (arguments.match ? by_matching : by_similarity)(
      pipeline, classes, given_templates(arguments));
  const RankingScore score_kind = score_of(arguments, pipeline);
  const auto writer = make_writer(arguments.format, score_kind);
  const int64_t top_k = std::min(arguments.top_k, static_cast<int64_t>(classes.size()));
  Failures failures;
  in_chunks(files, pipeline, [&](const std::vector<fs::path>& part, size_t) {
    const PartialScores found = score(part);
    for (size_t i = 0; i < part.size(); ++i) {
      if (const auto& error = found.errors[i]) {
        failures.add(*error);
        writer->write({.image = part[i].string(), .entries = {}, .error = error->what()});
      } else {
        writer->write(rank(part[i], found.scores[static_cast<int64_t>(i)], classes, top_k));
      }
    }
  });
  writer->finish();
  if (failures.count() > 0)
    write_note(fmt::format("{} of {} images are invalid.\n", failures.count(), files.size()));
  write_note(fmt::format("{} images ranked among {} classes, {} scores\n",
                         files.size() - failures.count(), classes.size(), name_of(score_kind)));
  return failures.code();
}

/// Returns the classes to choose from: those given, as words like the source's own, else these.
std::vector<std::string> classes_of_tree(const ZeroShotArguments& arguments, const Source& tree) {
  std::vector<std::string> classes = given_classes(arguments);
  for (std::string& name : classes) std::replace(name.begin(), name.end(), '_', ' ');
  return classes.empty() ? tree.class_names() : classes;
}

/// Returns the number that each of the tree's classes has among `classes`.
std::vector<int64_t> numbers_among(const std::vector<std::string>& classes, const Source& tree) {
  std::vector<int64_t> numbers;
  for (const std::string& name : tree.class_names()) {
    const auto found = std::find(classes.begin(), classes.end(), name);
    if (found == classes.end()) {
      throw Error(ErrorKind::kUsage,
                  {.what = fmt::format("the folder \"{}\" is not one of the classes", name),
                   .hint = "leave the classes out to take the folders' names"});
    }
    numbers.push_back(found - classes.begin());
  }
  return numbers;
}

int score_tree(const ZeroShotArguments& arguments) {
  if (arguments.images.size() != 1) {
    throw Error(ErrorKind::kUsage, {.what = "--labels-from-dirs needs one root folder in --images",
                                    .found = fmt::format("{} paths", arguments.images.size())});
  }
  const Pipeline pipeline = load_pipeline(arguments.model);
  // What clip-eval reads, so that both give the same numbers.
  const auto tree = open_source({.kind = SourceKind::kFolder,
                                 .path = arguments.images.front(),
                                 .class_names = arguments.class_names},
                                {.transform = pipeline.config().transform,
                                 .allow_outside_root = arguments.allow_outside_root});
  const std::vector<std::string> classes = classes_of_tree(arguments, *tree);
  const torch::Tensor numbers = torch::tensor(numbers_among(classes, *tree), torch::kInt64);
  const torch::Tensor classifier =
      zero_shot_classifier(pipeline, classes, given_templates(arguments));
  const EmbeddedSamples samples =
      embed_samples(pipeline, *tree, choose_samples(*tree, tree->size(), 0), 0);
  Failures failures;
  for (const Error& error : samples.errors) {
    failures.add(error);
    write_note(fmt::format("invalid: {}\n", error.what()));
  }
  const torch::Tensor labels =
      numbers.index_select(0, torch::tensor(samples.labels, torch::kInt64));
  const ZeroShotResult result = score_zero_shot(samples.image_embeddings, labels, classifier);
  write_output(describe(result, classes.size(), failures.count(), arguments.format));
  write_note(fmt::format("{} images scored against {} classes, {} left out\n", result.count,
                         classes.size(), failures.count()));
  return failures.code();
}

}  // namespace

int run_zero_shot(const ZeroShotArguments& arguments) {
  if (arguments.top_k < 1) {
    throw Error(ErrorKind::kUsage, {.what = "--top-k is out of range",
                                    .expected = "at least 1",
                                    .found = std::to_string(arguments.top_k)});
  }
  return arguments.labels_from_dirs ? score_tree(arguments) : rank_images(arguments);
}

}  // namespace tandem::apps
