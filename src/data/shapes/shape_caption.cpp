#include "data/shapes/shape_caption.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "tandem/core/random.h"

namespace tandem {
namespace {

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

struct Words {
  std::string color;
  std::string shape;
  std::string size;  // Empty where the scene has no word for it.
  std::string background;
};

Words words_of(const ShapeScene& scene) {
  return {color_name(scene.color), shape_name(scene.shape), size_word(scene.extent),
          background_word(scene.background)};
}

std::string fill(const char* caption, const Words& words) {
  const std::string article = words.color == "orange" ? "an orange" : "a " + words.color;
  return fmt::format(fmt::runtime(caption), fmt::arg("a", article), fmt::arg("color", words.color),
                     fmt::arg("shape", words.shape), fmt::arg("size", words.size),
                     fmt::arg("background", words.background));
}

// The words that each place of a template can take.
std::vector<std::string> choices_of(const std::string Words::*place) {
  std::vector<std::string> choices;
  if (place == &Words::color)
    for (int64_t i = 0; i < kColorCount; ++i) choices.push_back(color_name(i));
  if (place == &Words::shape)
    for (int64_t i = 0; i < kShapeCount; ++i) choices.push_back(shape_name(i));
  if (place == &Words::size) choices = {"small", "large"};
  if (place == &Words::background) choices = {"gray", "dark", "light"};
  return choices;
}

std::vector<std::string Words::*> places_in(std::string_view caption) {
  std::vector<std::string Words::*> places = {&Words::color, &Words::shape};
  if (caption.find("{size}") != std::string_view::npos) places.push_back(&Words::size);
  if (caption.find("{background}") != std::string_view::npos) places.push_back(&Words::background);
  return places;
}

}  // namespace

std::string describe_scene(const ShapeScene& scene, uint64_t seed) {
  Random random(seed);
  const Words words = words_of(scene);
  return fill(choose_template(!words.size.empty(), random), words);
}

std::string describe_falsely(const ShapeScene& scene, uint64_t seed) {
  Random random(seed);
  Words words = words_of(scene);
  const char* const caption = choose_template(!words.size.empty(), random);
  const std::vector<std::string Words::*> places = places_in(caption);
  std::string Words::*const place = places[random.below(places.size())];
  std::vector<std::string> others = choices_of(place);
  std::erase(others, words.*place);
  words.*place = others[random.below(others.size())];
  return fill(caption, words);
}

std::vector<std::string> true_captions(const ShapeScene& scene) {
  const Words words = words_of(scene);
  std::vector<std::string> captions;
  const auto add = [&](const auto& templates) {
    for (const char* each : templates) captions.push_back(fill(each, words));
  };
  add(kPlain);
  add(kWithBackground);
  if (!words.size.empty()) {
    add(kWithSize);
    add(kWithBoth);
  }
  std::sort(captions.begin(), captions.end());
  captions.erase(std::unique(captions.begin(), captions.end()), captions.end());
  return captions;
}

}  // namespace tandem
