#include "tandem/eval/captioning.h"

#include <algorithm>
#include <string>
#include <vector>

#include "tandem/data/shapes.h"

namespace tandem {

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
  std::vector<std::string> true_texts, false_texts;
  for (int64_t i = 0; i < count; ++i) {
    true_texts.push_back(source->sample(i, seed).captions.front());
    false_texts.push_back(false_shape_caption(options, i, seed));
  }
  const auto image = [&](int64_t i) { return source->sample(i, seed).image; };
  const int64_t accepted = pipeline.match(count, image, true_texts).ge(0.5).sum().item<int64_t>();
  const int64_t refused = pipeline.match(count, image, false_texts).lt(0.5).sum().item<int64_t>();
  return static_cast<double>(accepted + refused) / static_cast<double>(2 * count);
}

}  // namespace tandem
