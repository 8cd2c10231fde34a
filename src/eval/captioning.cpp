#include "tandem/eval/captioning.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "tandem/core/log.h"
#include "tandem/data/shapes.h"
#include "tandem/eval/embed_source.h"

namespace tandem {

CaptionScores evaluate_captions(const Pipeline& pipeline, const Source& source, int64_t max_samples,
                                uint64_t seed) {
  const std::vector<int64_t> indices = choose_samples(source, max_samples, seed);
  std::vector<CaptionCase> cases(indices.size());
  const PartialCaptions written =
      pipeline.try_caption_images(static_cast<int64_t>(indices.size()), [&](int64_t i) {
        const auto place = static_cast<size_t>(i);
        RawSample sample = source.sample(indices[place], seed);
        cases[place] = {.image = sample.key, .caption = {}, .references = sample.captions};
        return std::move(sample.image);
      });
  std::vector<CaptionCase> valid;
  for (size_t i = 0; i < cases.size(); ++i) {
    if (written.errors[i]) continue;
    cases[i].caption = written.captions[i].text;
    valid.push_back(std::move(cases[i]));
  }
  if (valid.empty()) throw Error(ErrorKind::kData, "there is no valid image to caption");
  if (valid.size() < cases.size()) {
    log_warn(fmt::format("Captions were judged without {} of {} samples, which are invalid",
                         cases.size() - valid.size(), cases.size()));
  }
  return score_captions(valid);
}

std::map<std::string, double> named_metrics(const CaptionScores& scores) {
  return {{"bleu_4", scores.bleu[3]}, {"rouge_l", scores.rouge_l}, {"cider", scores.cider}};
}

ShapeCaptionResult evaluate_shape_captions(const Pipeline& pipeline, const ShapesOptions& options,
                                           int64_t count, uint64_t seed) {
  const auto source = make_shapes_source(options, pipeline.config().model.image.image_size);
  const PartialCaptions written =
      pipeline.try_caption_images(count, [&](int64_t i) { return source->sample(i, seed).image; });
  int64_t right = 0, shuffled = 0;
  for (int64_t i = 0; i < count; ++i) {
    const std::vector<std::string> truths = true_shape_captions(options, i, seed);
    const auto is_true = [&](int64_t caption) {
      const std::string& text = written.captions[static_cast<size_t>(caption)].text;
      return std::find(truths.begin(), truths.end(), text) != truths.end();
    };
    right += is_true(i) ? 1 : 0;
    shuffled += is_true((i + 1) % count) ? 1 : 0;
  }
  const auto share = [&](int64_t part) {
    return static_cast<double>(part) / static_cast<double>(count);
  };
  return {.true_captions = share(right), .shuffled = share(shuffled), .images = count};
}

double evaluate_shape_matching(const Pipeline& pipeline, const ShapesOptions& options,
                               int64_t count, uint64_t seed) {
  const auto source = make_shapes_source(options, pipeline.config().model.image.image_size);
  std::vector<std::vector<std::string>> texts;  // A true one and a false one.
  for (int64_t i = 0; i < count; ++i) {
    texts.push_back(
        {source->sample(i, seed).captions.front(), false_shape_caption(options, i, seed)});
  }
  const PartialMatches matches = pipeline.try_match(
      count, [&](int64_t i) { return source->sample(i, seed).image; }, texts);
  int64_t right = 0;
  for (const torch::Tensor& logits : matches.logits) {
    right += logits[0].item<float>() >= 0 ? 1 : 0;
    right += logits[1].item<float>() < 0 ? 1 : 0;
  }
  return static_cast<double>(right) / static_cast<double>(2 * count);
}

}  // namespace tandem
