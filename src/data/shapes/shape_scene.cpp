#include "data/shapes/shape_scene.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "tandem/core/random.h"

namespace tandem {
namespace {

struct NamedColor {
  const char* name;
  Rgb paint;
};

constexpr std::array<NamedColor, kColorCount> kColors = {{{"red", {215, 30, 35}},
                                                          {"green", {30, 150, 55}},
                                                          {"blue", {35, 75, 215}},
                                                          {"yellow", {245, 225, 40}},
                                                          {"orange", {245, 130, 20}},
                                                          {"purple", {130, 45, 170}},
                                                          {"black", {18, 18, 20}},
                                                          {"white", {248, 248, 248}}}};

constexpr std::array<const char*, kShapeCount> kShapes = {"circle", "square", "triangle", "star",
                                                          "cross",  "heart",  "ring",     "moon"};

struct Background {
  const char* word;
  Rgb top;
  Rgb bottom;
  double noise;
};

constexpr std::array<Background, 12> kBackgrounds = {
    {{"gray", {128, 128, 128}, {128, 128, 128}, 0},
     {"gray", {100, 100, 100}, {160, 160, 160}, 0},
     {"gray", {128, 128, 128}, {128, 128, 128}, 14},
     {"dark", {70, 70, 70}, {70, 70, 70}, 0},
     {"dark", {80, 90, 105}, {80, 90, 105}, 0},
     {"light", {200, 200, 200}, {200, 200, 200}, 0},
     {"light", {180, 180, 180}, {225, 225, 225}, 0},
     {"light", {205, 205, 205}, {205, 205, 205}, 10},
     {"light", {190, 207, 228}, {190, 207, 228}, 0},
     {"light", {195, 222, 200}, {195, 222, 200}, 0},
     {"light", {228, 214, 190}, {228, 214, 190}, 0},
     {"light", {232, 203, 208}, {232, 203, 208}, 0}}};

constexpr double kMinContrast = 105;  // in RGB, before the shades are jittered
constexpr double kPaintJitter = 18;
constexpr double kBackgroundJitter = 7;
constexpr double kSmallExtent = 0.64;
constexpr double kLargeExtent = 0.79;

double distance(const Rgb& a, const Rgb& b) {
  return std::hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

bool stands_out(const Rgb& paint, const Background& background) {
  return distance(paint, background.top) >= kMinContrast &&
         distance(paint, background.bottom) >= kMinContrast;
}

int64_t choose_background(const Rgb& paint, Random& random) {
  std::array<int64_t, kBackgrounds.size()> fitting{};
  size_t count = 0;
  for (size_t i = 0; i < kBackgrounds.size(); ++i)
    if (stands_out(paint, kBackgrounds[i])) fitting[count++] = static_cast<int64_t>(i);
  return fitting[random.below(count)];
}

Rgb jitter(const Rgb& color, double amount, Random& random) {
  Rgb result{};
  for (size_t i = 0; i < 3; ++i)
    result[i] = std::clamp(color[i] + random.uniform(-amount, amount), 0.0, 255.0);
  return result;
}

}  // namespace

std::string color_name(int64_t color) { return kColors[static_cast<size_t>(color)].name; }
std::string shape_name(int64_t shape) { return kShapes[static_cast<size_t>(shape)]; }

std::string background_word(int64_t background) {
  return kBackgrounds[static_cast<size_t>(background)].word;
}

std::string size_word(double extent) {
  return extent < kSmallExtent ? "small" : extent > kLargeExtent ? "large" : "";
}

ShapeScene make_scene(int64_t color, int64_t shape, uint64_t seed) {
  Random random(seed);
  const Rgb& paint = kColors[static_cast<size_t>(color)].paint;
  ShapeScene scene;
  scene.color = color;
  scene.shape = shape;
  scene.extent = random.uniform(0.56, 0.9);
  scene.across = random.uniform();
  scene.down = random.uniform();
  scene.angle = random.uniform(-18, 18) * std::numbers::pi / 180;
  scene.paint = jitter(paint, kPaintJitter, random);
  scene.background = choose_background(paint, random);
  const Background& background = kBackgrounds[static_cast<size_t>(scene.background)];
  Random shade = random;  // the same shift above and below: a plain background stays plain
  scene.top = jitter(background.top, kBackgroundJitter, shade);
  scene.bottom = jitter(background.bottom, kBackgroundJitter, random);
  scene.noise = background.noise;
  scene.noise_seed = random.next();
  return scene;
}

}  // namespace tandem
