#include "data/shapes/shape_scene.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

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

const char* size_word(double extent) {
  return extent < kSmallExtent ? "small" : extent > kLargeExtent ? "large" : nullptr;
}

constexpr std::array<const char*, 12> kPlain = {"{a} {shape}",
                                                "{color} {shape}",
                                                "{a} {shape}",
                                                "a photo of {a} {shape}",
                                                "a picture of {a} {shape}",
                                                "an image of {a} {shape}",
                                                "a drawing of {a} {shape}",
                                                "there is {a} {shape}",
                                                "this is {a} {shape}",
                                                "a {shape} that is {color}",
                                                "the {shape} is {color}",
                                                "one {color} {shape}"};
constexpr std::array<const char*, 3> kWithBackground = {
    "{a} {shape} on a {background} background",
    "a photo of {a} {shape} on a {background} background",
    "there is {a} {shape} on a {background} background"};
constexpr std::array<const char*, 3> kWithSize = {"a {size} {color} {shape}",
                                                  "a photo of a {size} {color} {shape}",
                                                  "the {size} {shape} is {color}"};
constexpr std::array<const char*, 1> kWithBoth = {
    "a {size} {color} {shape} on a {background} background"};

template <size_t N>
const char* pick(const std::array<const char*, N>& templates, Random& random) {
  return templates[random.below(N)];
}

const char* choose_template(bool has_size, Random& random) {
  const double share = random.uniform();
  if (share < 0.6) return pick(kPlain, random);
  if (share < 0.8 || !has_size) return pick(kWithBackground, random);
  if (share < 0.95) return pick(kWithSize, random);
  return pick(kWithBoth, random);
}

}  // namespace

std::string color_name(int64_t color) { return kColors[static_cast<size_t>(color)].name; }
std::string shape_name(int64_t shape) { return kShapes[static_cast<size_t>(shape)]; }

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

std::string describe_scene(const ShapeScene& scene, uint64_t seed) {
  Random random(seed);
  const char* size = size_word(scene.extent);
  const std::string color = color_name(scene.color);
  const std::string article = color == "orange" ? "an orange" : "a " + color;
  return fmt::format(
      fmt::runtime(choose_template(size != nullptr, random)), fmt::arg("a", article),
      fmt::arg("color", color), fmt::arg("shape", shape_name(scene.shape)),
      fmt::arg("size", size == nullptr ? "" : size),
      fmt::arg("background", kBackgrounds[static_cast<size_t>(scene.background)].word));
}

}  // namespace tandem
