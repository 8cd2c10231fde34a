#include "tandem/data/shapes.h"

#include <algorithm>

#include <fmt/format.h>

#include "data/shapes/shape_caption.h"
#include "data/shapes/shape_scene.h"
#include "tandem/core/error.h"
#include "tandem/core/files.h"
#include "tandem/core/random.h"

namespace tandem {
namespace {

constexpr int64_t kPairCount = kColorCount * kShapeCount;

/// The eight pairs of the diagonal, and for every other colour one more, six shapes further on. A
/// shape that misses two colours misses two that are unlike: black and white, say, are never both
/// missing.
bool held_out(int64_t color, int64_t shape) {
  const int64_t step = (shape - color + kShapeCount) % kShapeCount;
  return step == 0 || (step == 6 && color % 2 == 0);
}

int64_t pair_index(const ShapePair& pair) {
  const auto& pairs = all_shape_pairs();
  const auto found = std::find_if(pairs.begin(), pairs.end(), [&pair](const ShapePair& each) {
    return each.color == pair.color && each.shape == pair.shape;
  });
  if (found == pairs.end()) {
    throw Error(ErrorKind::kUsage,
                {.what = "no such shape", .found = pair.color + " " + pair.shape});
  }
  return found - pairs.begin();
}

std::vector<int64_t> pairs_of(ShapesSplit split) {
  std::vector<int64_t> pairs;
  for (int64_t pair = 0; pair < kPairCount; ++pair) {
    const bool held = held_out(pair / kShapeCount, pair % kShapeCount);
    const bool wanted = split == ShapesSplit::kAll || held == (split == ShapesSplit::kUnseen);
    if (wanted) pairs.push_back(pair);
  }
  return pairs;
}

void require_positive(int64_t value, const char* name) {
  if (value > 0) return;
  throw Error(ErrorKind::kConfig, {.what = "out of range",
                                   .where = name,
                                   .expected = "at least 1",
                                   .found = std::to_string(value)});
}

struct Drawn {
  ShapeScene scene;
  uint64_t caption_seed = 0;
};

Drawn draw(const std::vector<int64_t>& pairs, int64_t index, uint64_t seed) {
  Random random(mix_seed({seed, static_cast<uint64_t>(index)}));
  const int64_t pair = pairs[random.below(pairs.size())];
  Drawn drawn;
  drawn.scene = make_scene(pair / kShapeCount, pair % kShapeCount, random.next());
  drawn.caption_seed = random.next();
  return drawn;
}

int64_t class_of_scene(const ShapeScene& scene) { return scene.color * kShapeCount + scene.shape; }

class ShapesSource : public Source {
 public:
  ShapesSource(const ShapesOptions& options, int64_t image_size)
      : count_(options.count), image_size_(image_size), pairs_(pairs_of(options.split)) {
    for (const ShapePair& pair : all_shape_pairs())
      class_names_.push_back(pair.color + " " + pair.shape);
    fingerprint_ = content_hash(
        fmt::format("shapes 2 {} {} {}", count_, static_cast<int>(options.split), image_size));
  }

  [[nodiscard]] int64_t size() const override { return count_; }

  [[nodiscard]] RawSample sample(int64_t index, uint64_t seed) const override {
    const Drawn drawn = draw(pairs_, index, seed);
    RawSample sample;
    sample.key = key(index);
    sample.image = draw_scene(drawn.scene, image_size_);
    sample.captions = {describe_scene(drawn.scene, drawn.caption_seed)};
    sample.class_index = class_of_scene(drawn.scene);
    return sample;
  }

  [[nodiscard]] std::string key(int64_t index) const override {
    return fmt::format("shapes/{}", index);
  }
  [[nodiscard]] std::vector<std::string> captions(int64_t index) const override {
    const Drawn drawn = draw(pairs_, index, 0);
    return {describe_scene(drawn.scene, drawn.caption_seed)};
  }
  [[nodiscard]] int64_t class_of(int64_t index) const override {
    return class_of_scene(draw(pairs_, index, 0).scene);
  }
  [[nodiscard]] const std::vector<std::string>& class_names() const override {
    return class_names_;
  }
  [[nodiscard]] std::string fingerprint() const override { return fingerprint_; }

 private:
  int64_t count_;
  int64_t image_size_;
  std::vector<int64_t> pairs_;
  std::vector<std::string> class_names_;
  std::string fingerprint_;
};

}  // namespace

const std::vector<ShapePair>& all_shape_pairs() {
  static const std::vector<ShapePair> kPairs = [] {
    std::vector<ShapePair> pairs;
    for (int64_t color = 0; color < kColorCount; ++color)
      for (int64_t shape = 0; shape < kShapeCount; ++shape)
        pairs.push_back({color_name(color), shape_name(shape)});
    return pairs;
  }();
  return kPairs;
}

bool is_held_out(const ShapePair& pair) {
  const int64_t index = pair_index(pair);
  return held_out(index / kShapeCount, index % kShapeCount);
}

Image draw_shape(const ShapePair& pair, int64_t size, uint64_t seed) {
  const int64_t index = pair_index(pair);
  require_positive(size, "size");
  return draw_scene(make_scene(index / kShapeCount, index % kShapeCount, seed), size);
}

std::vector<std::string> true_shape_captions(const ShapesOptions& options, int64_t index,
                                             uint64_t seed) {
  return true_captions(draw(pairs_of(options.split), index, seed).scene);
}

std::string false_shape_caption(const ShapesOptions& options, int64_t index, uint64_t seed) {
  const Drawn drawn = draw(pairs_of(options.split), index, seed);
  return describe_falsely(drawn.scene, drawn.caption_seed);
}

std::unique_ptr<Source> make_shapes_source(const ShapesOptions& options, int64_t image_size) {
  require_positive(options.count, "shapes.count");
  require_positive(image_size, "image_size");
  return std::make_unique<ShapesSource>(options, image_size);
}

}  // namespace tandem
