#include "tandem/eval/evaluate.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <string>

#include <fmt/format.h>
#include <torch/types.h>

#include "tandem/core/log.h"
#include "tandem/eval/embed_source.h"

namespace tandem {
namespace {

EmbeddedSamples read_samples(const Pipeline& pipeline, const Source& source, int64_t max_samples,
                             uint64_t seed) {
  const std::vector<int64_t> indices = choose_samples(source, max_samples, seed);
  if (indices.empty()) throw Error(ErrorKind::kData, "no samples to evaluate on");
  EmbeddedSamples samples = embed_samples(pipeline, source, indices, seed);
  if (samples.keys.empty()) {
    throw Error(ErrorKind::kData,
                {.what = fmt::format("all {} samples are invalid", indices.size()),
                 .found = samples.errors.front().what(),
                 .reason = std::string(samples.errors.front().reason())});
  }
  if (!samples.errors.empty()) {
    log_warn(fmt::format("Evaluation skipped {} of {} invalid samples; the first one: {}",
                         samples.errors.size(), indices.size(), samples.errors.front().what()));
  }
  return samples;
}

/// What makes two captions one: the text as the tokenizer gets to see it.
std::string caption_identity(const Pipeline& pipeline, const std::string& caption) {
  std::string text = clean_caption(caption);
  if (pipeline.config().tokenizer.lowercase) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char byte) {
      return static_cast<char>(byte < 0x80 ? std::tolower(byte) : byte);
    });
  }
  return text;
}

/// Returns which of `labels` [N] name a class, int64 [n].
torch::Tensor labels_with_a_class(const torch::Tensor& labels) {
  torch::Tensor rows = labels.ge(0).nonzero().squeeze(1);
  if (rows.size(0) == 0) {
    throw Error(ErrorKind::kData,
                {.what = fmt::format("none of {} samples has a class", labels.size(0)),
                 .hint = "a .cls beside each image of the shards"});
  }
  if (rows.size(0) < labels.size(0)) {
    log_warn(fmt::format("Zero-shot classification left out {} of {} samples: they have no class",
                         labels.size(0) - rows.size(0), labels.size(0)));
  }
  return rows;
}

}  // namespace

RetrievalResult evaluate_retrieval(const Pipeline& pipeline, const Source& source,
                                   const RetrievalOptions& options) {
  const EmbeddedSamples samples = read_samples(pipeline, source, options.max_samples, options.seed);
  std::vector<std::string> texts;  // Distinct ones.
  RetrievalSet set;
  set.image_embeddings = samples.image_embeddings;
  std::map<std::string, int64_t> known;
  for (size_t i = 0; i < samples.captions.size(); ++i) {
    for (const std::string& caption : samples.captions[i]) {
      const auto [entry, fresh] = known.try_emplace(caption_identity(pipeline, caption),
                                                    static_cast<int64_t>(texts.size()));
      if (fresh) texts.push_back(caption);
      set.text_owner.push_back(static_cast<int64_t>(i));
      set.text_group.push_back(entry->second);
    }
  }
  if (texts.empty()) throw Error(ErrorKind::kData, "no sample has a caption to evaluate on");
  // One embedding per distinct caption: equal captions get equal scores, to the last bit.
  set.text_embeddings =
      pipeline.encode_texts(texts).index_select(0, torch::tensor(set.text_group, torch::kInt64));
  const auto match = [&](const std::vector<int64_t>& images, const std::vector<int64_t>& rows) {
    const auto load = [&](int64_t image) {
      return source.sample(samples.indices[static_cast<size_t>(image)], options.seed).image;
    };
    std::vector<std::vector<std::string>> asked(samples.indices.size());
    for (size_t i = 0; i < images.size(); ++i) {
      const auto group = set.text_group[static_cast<size_t>(rows[i])];
      asked[static_cast<size_t>(images[i])].push_back(texts[static_cast<size_t>(group)]);
    }
    const PartialMatches matches =
        pipeline.try_match(static_cast<int64_t>(asked.size()), load, asked);
    for (const auto& error : matches.errors)
      if (error) throw Error(*error);  // It was valid a moment ago.
    return torch::cat(matches.logits);
  };
  return score_retrieval(set, {.depth = options.rerank, .score = match});
}

ZeroShotResult evaluate_zero_shot(const Pipeline& pipeline, const Source& source,
                                  const std::vector<std::string>& templates, int64_t max_samples,
                                  uint64_t seed) {
  if (source.class_names().empty()) {
    throw Error(
        ErrorKind::kData,
        ErrorText{.what = "the data has no classes to choose from",
                  .expected = "a source of kind folder or shapes, or wds beside a classes.txt"});
  }
  const torch::Tensor classifier = zero_shot_classifier(pipeline, source.class_names(), templates);
  const EmbeddedSamples samples = read_samples(pipeline, source, max_samples, seed);
  const torch::Tensor labels = torch::tensor(samples.labels, torch::kInt64);
  const torch::Tensor rows = labels_with_a_class(labels);
  return score_zero_shot(samples.image_embeddings.index_select(0, rows),
                         labels.index_select(0, rows), classifier);
}

std::map<std::string, double> named_metrics(const RetrievalResult& result) {
  constexpr std::array<int, 3> kDepths = {1, 5, 10};
  std::map<std::string, double> metrics = {
      {"image_retrieval_median_rank", result.text_to_image_median_rank},
      {"text_retrieval_median_rank", result.image_to_text_median_rank}};
  for (size_t i = 0; i < kDepths.size(); ++i) {
    metrics[fmt::format("image_retrieval_recall@{}", kDepths[i])] = result.text_to_image[i];
    metrics[fmt::format("text_retrieval_recall@{}", kDepths[i])] = result.image_to_text[i];
  }
  return metrics;
}

std::map<std::string, double> named_metrics(const ZeroShotResult& result) {
  return {{"acc1", result.top1},
          {"acc5", result.top5},
          {"mean_per_class_recall", result.mean_per_class_recall}};
}

}  // namespace tandem
