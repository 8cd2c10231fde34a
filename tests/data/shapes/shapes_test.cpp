#include "tandem/data/shapes.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <sstream>

#include "data/fixtures.h"
#include "data/shapes/shape_caption.h"
#include "data/shapes/shape_scene.h"

namespace tandem {
namespace {

std::unique_ptr<Source> shapes(ShapesSplit split, int64_t count = 2000) {
  return make_shapes_source({.count = count, .split = split}, 32);
}

bool has_word(const std::string& text, const std::string& word) {
  std::istringstream words(text);
  return std::find(std::istream_iterator<std::string>(words), {}, word) !=
         std::istream_iterator<std::string>();
}

TEST(Shapes, HoldsOutTwelvePairsSpreadOverAllColoursAndShapes) {
  std::map<std::string, int> colors;
  std::map<std::string, int> forms;
  int held = 0;
  ASSERT_EQ(all_shape_pairs().size(), 64U);
  for (const ShapePair& pair : all_shape_pairs()) {
    const int out = is_held_out(pair) ? 1 : 0;
    held += out;
    colors[pair.color] += out;
    forms[pair.shape] += out;
  }
  EXPECT_EQ(held, 12);
  for (const auto& counts : {colors, forms}) {
    ASSERT_EQ(counts.size(), 8U);
    for (const auto& [name, count] : counts) EXPECT_TRUE(count == 1 || count == 2) << name;
  }
}

TEST(Shapes, SplitsShowTheirPairsOnlyAndAllOfThem) {
  std::map<ShapesSplit, std::set<int64_t>> found;
  for (const ShapesSplit split : {ShapesSplit::kSeen, ShapesSplit::kUnseen, ShapesSplit::kAll}) {
    const auto source = shapes(split);
    for (int64_t index = 0; index < source->size(); ++index)
      found[split].insert(source->sample(index, 3).class_index);
  }
  EXPECT_EQ(found[ShapesSplit::kSeen].size(), 52U);
  EXPECT_EQ(found[ShapesSplit::kUnseen].size(), 12U);
  EXPECT_EQ(found[ShapesSplit::kAll].size(), 64U);
  for (const int64_t pair : found[ShapesSplit::kUnseen])
    EXPECT_TRUE(is_held_out(all_shape_pairs()[static_cast<size_t>(pair)]));
  for (const int64_t pair : found[ShapesSplit::kSeen])
    EXPECT_FALSE(is_held_out(all_shape_pairs()[static_cast<size_t>(pair)]));
}

TEST(Shapes, CaptionsNameColourAndShapeOfTheClassAndNoOther) {
  const auto source = shapes(ShapesSplit::kAll, 4000);
  std::set<std::string> distinct;
  for (int64_t index = 0; index < source->size(); ++index) {
    const RawSample sample = source->sample(index, 11);
    const std::string& caption = sample.captions.at(0);
    distinct.insert(caption);
    const ShapePair& pair = all_shape_pairs()[static_cast<size_t>(sample.class_index)];
    EXPECT_EQ(source->class_names()[static_cast<size_t>(sample.class_index)],
              pair.color + " " + pair.shape);
    for (int64_t i = 0; i < 8; ++i) {
      EXPECT_EQ(has_word(caption, color_name(i)), color_name(i) == pair.color) << caption;
      EXPECT_EQ(has_word(caption, shape_name(i)), shape_name(i) == pair.shape) << caption;
    }
    EXPECT_LE(std::count(caption.begin(), caption.end(), ' '), 13) << caption;
    EXPECT_EQ(caption.find_first_of("{}"), std::string::npos) << caption;
    EXPECT_EQ(has_word(caption, "an"), caption.find("an orange") != std::string::npos ||
                                           caption.find("an image") != std::string::npos)
        << caption;
  }
  EXPECT_GT(distinct.size(), 700U);
}

TEST(Shapes, SizeWordsMatchTheDrawing) {
  int small = 0;
  int large = 0;
  for (uint64_t seed = 0; seed < 4000; ++seed) {
    const ShapeScene scene = make_scene(2, 3, seed);
    const std::string caption = describe_scene(scene, seed + 10000);
    EXPECT_GE(scene.extent, 0.5);
    EXPECT_LE(scene.extent, 0.9);
    if (has_word(caption, "small")) {
      ++small;
      EXPECT_LT(scene.extent, 0.65);
    }
    if (has_word(caption, "large")) {
      ++large;
      EXPECT_GT(scene.extent, 0.7);
    }
  }
  EXPECT_GT(small, 100);
  EXPECT_GT(large, 100);
}

TEST(Shapes, BackgroundWordsMatchTheDrawing) {
  const std::map<std::string, std::pair<double, double>> shades = {
      {"dark", {0, 112}}, {"gray", {118, 138}}, {"light", {185, 255}}};
  std::map<std::string, int> told;
  for (uint64_t seed = 0; seed < 4000; ++seed) {
    const ShapeScene scene = make_scene(static_cast<int64_t>(seed % 8), 0, seed);
    const std::string caption = describe_scene(scene, seed + 10000);
    if (!has_word(caption, "background")) continue;
    const double shade = (std::accumulate(scene.top.begin(), scene.top.end(), 0.0) +
                          std::accumulate(scene.bottom.begin(), scene.bottom.end(), 0.0)) /
                         6;
    for (const auto& [word, range] : shades) {
      if (!has_word(caption, word)) continue;
      ++told[word];
      EXPECT_GT(shade, range.first) << caption;
      EXPECT_LT(shade, range.second) << caption;
    }
  }
  for (const auto& [word, range] : shades) EXPECT_GT(told[word], 50) << word;
}

TEST(Shapes, TheCaptionOfASampleIsAmongThoseThatAreTrueOfIt) {
  const ShapesOptions options{.count = 2000, .split = ShapesSplit::kUnseen};
  const auto source = make_shapes_source(options, 32);
  std::set<size_t> counts;
  for (int64_t index = 0; index < source->size(); ++index) {
    const std::vector<std::string> truths = true_shape_captions(options, index, 7);
    counts.insert(truths.size());
    const std::string caption = source->sample(index, 7).captions.at(0);
    EXPECT_EQ(std::count(truths.begin(), truths.end(), caption), 1) << caption;
  }
  EXPECT_EQ(counts, (std::set<size_t>{14, 18}));  // Without and with a word for the size.
}

TEST(Shapes, AFalseCaptionHasOneWordThatIsNotTrueOfItsSample) {
  const ShapesOptions options{.count = 4000};
  const auto source = make_shapes_source(options, 32);
  std::map<std::string, int> replaced;
  for (int64_t index = 0; index < source->size(); ++index) {
    const std::string caption = source->sample(index, 7).captions.at(0);
    const std::string falsely = false_shape_caption(options, index, 7);
    const std::vector<std::string> truths = true_shape_captions(options, index, 7);
    EXPECT_EQ(std::count(truths.begin(), truths.end(), falsely), 0) << falsely;
    std::istringstream mine(caption), other(falsely);
    std::string word, changed;
    int differing = 0;
    while (mine >> word && other >> changed) {
      if (word == changed || word == "a" || word == "an") continue;
      ++differing;
      ++replaced[changed];
    }
    EXPECT_EQ(differing, 1) << caption << " | " << falsely;
  }
  EXPECT_EQ(replaced.size(), 8U + 8U + 2U + 3U);
}

/// The colour that the picture's painted pixels are nearest to; -1 when fewer than 25 are painted.
int64_t nearest_color(const Image& image, const ShapeScene& scene) {
  std::array<double, 3> mean{};
  int count = 0;
  for (size_t i = 0; i < image.pixels.size(); i += 3) {
    bool painted = true;
    for (size_t c = 0; c < 3; ++c)
      painted = painted && std::abs(image.pixels[i + c] - scene.paint[c]) < 1.5;
    if (!painted) continue;
    ++count;
    for (size_t c = 0; c < 3; ++c) mean[c] += image.pixels[i + c];
  }
  if (count < 25) return -1;
  int64_t best = -1;
  double smallest = 1e9;
  for (int64_t color = 0; color < 8; ++color) {
    std::array<double, 3> average{};
    for (uint64_t seed = 0; seed < 20; ++seed)
      for (size_t c = 0; c < 3; ++c) average[c] += make_scene(color, 0, seed).paint[c] / 20;
    double distance = 0;
    for (size_t c = 0; c < 3; ++c) distance += std::pow(mean[c] / count - average[c], 2);
    if (distance < smallest) {
      smallest = distance;
      best = color;
    }
  }
  return best;
}

TEST(Shapes, PicturesShowTheColourUnmistakably) {
  for (int64_t color = 0; color < 8; ++color)
    for (int64_t shape = 0; shape < 8; ++shape)
      for (uint64_t seed = 0; seed < 10; ++seed) {
        const ShapeScene scene = make_scene(color, shape, seed);
        EXPECT_EQ(nearest_color(draw_scene(scene, 32), scene), color)
            << color_name(color) << ' ' << shape_name(shape) << " seed " << seed;
      }
}

TEST(Shapes, StandOutFromTheirBackground) {
  for (int64_t color = 0; color < 8; ++color)
    for (uint64_t seed = 0; seed < 500; ++seed) {
      const ShapeScene scene = make_scene(color, 0, seed);
      for (const Rgb& ground : {scene.top, scene.bottom}) {
        double squared = 0;
        for (size_t c = 0; c < 3; ++c) squared += std::pow(ground[c] - scene.paint[c], 2);
        EXPECT_GT(std::sqrt(squared), 75) << color_name(color) << " seed " << seed;
      }
    }
}

TEST(Shapes, LieInsideThePicture) {
  for (int64_t shape = 0; shape < 8; ++shape)
    for (uint64_t seed = 0; seed < 50; ++seed) {
      ShapeScene scene = make_scene(0, shape, seed);
      scene.paint = {255, 255, 255};
      scene.top = scene.bottom = {0, 0, 0};
      scene.noise = 0;
      const Image image = draw_scene(scene, 64);
      int64_t left = 64, right = -1, top = 64, bottom = -1;
      for (int64_t y = 0; y < 64; ++y)
        for (int64_t x = 0; x < 64; ++x)
          if (image.row(y)[3 * x] > 10) {  // the outline counts, though it is nearly black
            left = std::min(left, x), right = std::max(right, x);
            top = std::min(top, y), bottom = std::max(bottom, y);
          }
      const auto side = static_cast<double>(std::max(right - left, bottom - top) + 1);
      EXPECT_NEAR(side, scene.extent * 64, 3.5) << shape_name(shape) << " seed " << seed;
    }
}

TEST(Shapes, FollowFromTheSeedAlone) {
  const auto source = shapes(ShapesSplit::kSeen);
  const RawSample first = source->sample(17, 4);
  EXPECT_EQ(first.image.pixels, source->sample(17, 4).image.pixels);
  EXPECT_EQ(first.captions, source->sample(17, 4).captions);
  EXPECT_NE(first.image.pixels, source->sample(17, 5).image.pixels);
  EXPECT_NE(first.image.pixels, source->sample(18, 4).image.pixels);
  EXPECT_EQ(source->key(17), "shapes/17");
  EXPECT_EQ(first.key, "shapes/17");
  const ShapePair pair{"red", "heart"};
  EXPECT_EQ(draw_shape(pair, 48, 9).pixels, draw_shape(pair, 48, 9).pixels);
  EXPECT_EQ(draw_shape(pair, 48, 9).width, 48);
}

TEST(Shapes, RefuseWhatDoesNotExist) {
  expect_error(ErrorKind::kUsage, {.found = "plaid circle"}, [] {
    (void)draw_shape({"plaid", "circle"}, 32, 0);
  });
  expect_error(ErrorKind::kUsage, {.found = "red blob"}, [] {
    (void)is_held_out({"red", "blob"});
  });
  expect_error(ErrorKind::kConfig, {.where = "shapes.count"},
               [] { (void)shapes(ShapesSplit::kAll, 0); });
  EXPECT_NE(shapes(ShapesSplit::kAll, 5)->fingerprint(),
            shapes(ShapesSplit::kSeen, 5)->fingerprint());
}

}  // namespace
}  // namespace tandem
