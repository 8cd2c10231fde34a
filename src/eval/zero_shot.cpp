#include "tandem/eval/zero_shot.h"

#include <algorithm>
#include <set>
#include <string_view>

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "config/checks/class_marks.h"
#include "data/captions/caption_template.h"
#include "eval/score_chunks.h"
#include "io/files/utf8.h"
#include "nn/unit_norm.h"
#include "tandem/core/log.h"

namespace tandem {
namespace {

constexpr int64_t kPromptsAtOnce = 4096;

void check_scores(const torch::Tensor& images, const torch::Tensor& labels,
                  const torch::Tensor& classifier) {
  const bool fits = images.dim() == 2 && classifier.dim() == 2 && labels.dim() == 1 &&
                    images.size(1) == classifier.size(1) && labels.size(0) == images.size(0);
  if (!fits) {
    throw Error(ErrorKind::kUsage,
                {.what = "shapes do not fit",
                 .expected = "images [N, D], labels [N], classifier [C, D]",
                 .found = fmt::format("[{}], [{}], [{}]", fmt::join(images.sizes(), ", "),
                                      fmt::join(labels.sizes(), ", "),
                                      fmt::join(classifier.sizes(), ", "))});
  }
  if (labels.numel() == 0) return;
  const auto lowest = labels.min().item<int64_t>();
  const auto highest = labels.max().item<int64_t>();
  if (lowest < 0 || highest >= classifier.size(0)) {
    throw Error(ErrorKind::kUsage, {.what = "a label is out of range",
                                    .expected = fmt::format("0 to {}", classifier.size(0) - 1),
                                    .found = std::to_string(lowest < 0 ? lowest : highest)});
  }
}

/// Returns how many other classes score at least as high as the image's own, int64 [N]; C where
/// its own score is NaN.
torch::Tensor classes_ahead(const torch::Tensor& images, const torch::Tensor& labels,
                            const torch::Tensor& classifier) {
  const int64_t count = images.size(0);
  const int64_t classes = classifier.size(0);
  torch::Tensor ahead = torch::empty({count}, torch::kInt64);
  for_each_scores(images, classifier, [&](int64_t first, const torch::Tensor& scores) {
    const int64_t last = first + scores.size(0);
    const torch::Tensor own =
        scores.gather(1, labels.slice(0, first, last).unsqueeze(1));  // [n, 1]
    const torch::Tensor others = scores.ge(own).sum(1) - 1;           // [n]
    ahead.slice(0, first, last).copy_(others.masked_fill(own.squeeze(1).isnan(), classes));
  });
  return ahead;
}

/// Classes that the tokenizer makes one text of can only be told apart by chance.
void warn_of_equal_classes(const Pipeline& pipeline, const std::vector<std::string>& names,
                           const std::string& pattern) {
  std::vector<std::string> prompts;
  for (const std::string& name : names) prompts.push_back(fill_template(pattern, name));
  const auto groups =
      find_equal_texts(pipeline.tokenizer(), prompts, pipeline.config().model.text.context_length);
  if (groups.empty()) return;
  size_t count = 0;
  for (const std::vector<size_t>& group : groups) count += group.size();
  log_warn(
      fmt::format("{} of {} classes have the same tokens as another class (letter case, cleaning "
                  "or length); the first are class {}, {}, and class {}, {}.",
                  count, names.size(), groups[0][0] + 1, in_quotes(names[groups[0][0]]),
                  groups[0][1] + 1, in_quotes(names[groups[0][1]])));
}

}  // namespace

void check_class_names(const std::vector<std::string>& names) {
  if (names.empty()) throw Error(ErrorKind::kUsage, "no classes to choose from");
  std::set<std::string_view> known;
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i].find_first_not_of(" \t\r\n") == std::string::npos)
      throw Error(ErrorKind::kUsage,
                  fmt::format("class {} of {} has no name", i + 1, names.size()));
    if (!known.insert(names[i]).second)
      throw Error(ErrorKind::kUsage, fmt::format("the class \"{}\" is given twice", names[i]));
  }
}

std::string fill_template(const std::string& pattern, const std::string& class_name) {
  if (!config::has_class_mark(pattern)) {
    throw Error(ErrorKind::kUsage, {.what = "a template has no place for the class name",
                                    .expected = fmt::format("{} in it", config::kClassMarksInWords),
                                    .found = '"' + pattern + '"'});
  }
  return fill_caption(pattern, class_name);
}

torch::Tensor zero_shot_classifier(const Pipeline& pipeline,
                                   const std::vector<std::string>& class_names,
                                   const std::vector<std::string>& templates) {
  check_class_names(class_names);
  if (templates.empty()) throw Error(ErrorKind::kUsage, "no templates");
  warn_of_equal_classes(pipeline, class_names, templates[0]);
  const size_t per_class = templates.size();
  const size_t step = std::max<size_t>(1, static_cast<size_t>(kPromptsAtOnce) / per_class);
  std::vector<torch::Tensor> parts;
  for (size_t first = 0; first < class_names.size(); first += step) {
    const size_t last = std::min(first + step, class_names.size());
    std::vector<std::string> prompts;
    for (size_t i = first; i < last; ++i)
      for (const std::string& pattern : templates)
        prompts.push_back(fill_template(pattern, class_names[i]));
    const torch::Tensor embeddings = unit_norm(pipeline.encode_texts(prompts));  // [c * T, D]
    parts.push_back(
        embeddings.view({-1, static_cast<int64_t>(per_class), embeddings.size(1)}).mean(1));
  }
  return unit_norm(torch::cat(parts));  // [C, D]
}

ZeroShotResult score_zero_shot(const torch::Tensor& image_embeddings, const torch::Tensor& labels,
                               const torch::Tensor& classifier) {
  check_scores(image_embeddings, labels, classifier);
  ZeroShotResult result;
  result.count = image_embeddings.size(0);
  if (result.count == 0) return result;
  const torch::NoGradGuard no_gradient;
  const int64_t classes = classifier.size(0);
  const torch::Tensor ahead = classes_ahead(image_embeddings, labels, classifier);
  const torch::Tensor first = ahead.lt(1).to(torch::kFloat64);
  result.top1 = first.mean().item<double>();
  result.top5 = ahead.lt(std::min<int64_t>(5, classes)).to(torch::kFloat64).mean().item<double>();

  const torch::Tensor zeros = torch::zeros({classes}, torch::kFloat64);
  const torch::Tensor pictures = zeros.index_add(0, labels, torch::ones_like(first));  // [C]
  const torch::Tensor hits = zeros.index_add(0, labels, first);                        // [C]
  result.majority = pictures.max().item<double>() / static_cast<double>(result.count);
  const torch::Tensor present = pictures.gt(0);
  result.mean_per_class_recall =
      (hits.index({present}) / pictures.index({present})).mean().item<double>();
  return result;
}

}  // namespace tandem
