#include <cmath>

#include <fmt/format.h>

#include "config/json/names.h"
#include "config/presets/presets.h"
#include "tandem/config/data_options.h"
#include "tandem/core/error.h"

namespace tandem {
namespace {

constexpr std::array<double, 3> kClipMean = {0.48145466, 0.4578275, 0.40821073};
constexpr std::array<double, 3> kClipStd = {0.26862954, 0.26130258, 0.27577711};
constexpr std::array<double, 3> kImagenetMean = {0.485, 0.456, 0.406};
constexpr std::array<double, 3> kImagenetStd = {0.229, 0.224, 0.225};
constexpr std::array<double, 3> kHalf = {0.5, 0.5, 0.5};

struct Recipe {
  const char* name;
  std::array<double, 3> mean;
  std::array<double, 3> std;
  ResizeMode resize_mode;
  Interpolation interpolation;
  double crop_pct = 1.0;
};

constexpr Recipe kRecipes[] = {
    {"openai", kClipMean, kClipStd, ResizeMode::kShortest, Interpolation::kBicubic},
    {"imagenet", kImagenetMean, kImagenetStd, ResizeMode::kShortest, Interpolation::kBicubic,
     0.875},
    {"vit", kHalf, kHalf, ResizeMode::kSquash, Interpolation::kBilinear},
    {"siglip", kHalf, kHalf, ResizeMode::kSquash, Interpolation::kBicubic},
    {"laion2b_l14", kHalf, kHalf, ResizeMode::kShortest, Interpolation::kBicubic},
};

const Recipe* find_recipe(const std::string& name) {
  for (const Recipe& recipe : kRecipes)
    if (name == recipe.name) return &recipe;
  return nullptr;
}

}  // namespace

namespace config {

std::vector<std::string> transform_preset_names() {
  std::vector<std::string> names;
  for (const Recipe& recipe : kRecipes) names.emplace_back(recipe.name);
  return names;
}

}  // namespace config

bool has_transform_preset(const std::string& name) { return find_recipe(name) != nullptr; }

TransformPreset transform_preset(const std::string& name) {
  if (const Recipe* recipe = find_recipe(name)) {
    return {.mean = recipe->mean,
            .std = recipe->std,
            .transform = {.preset = name,
                          .resize_mode = recipe->resize_mode,
                          .interpolation = recipe->interpolation,
                          .crop_pct = recipe->crop_pct}};
  }
  const auto names = config::transform_preset_names();
  throw Error(ErrorKind::kConfig, {.what = "unknown preset of the image transform",
                                   .expected = "one of " + config::join(names, ", "),
                                   .found = name,
                                   .hint = config::nearest_name(name, names).value_or("")});
}

Interpolation interpolation_by_pillow_number(int64_t number) {
  switch (number) {
    case 0: return Interpolation::kNearest;
    case 1: return Interpolation::kLanczos;
    case 2: return Interpolation::kBilinear;
    case 3: return Interpolation::kBicubic;
    case 4: return Interpolation::kBox;
    default: break;
  }
  throw Error(ErrorKind::kConfig,
              {.what = "unknown resampling filter",
               .expected = "0 nearest, 1 lanczos, 2 bilinear, 3 bicubic or 4 box",
               .found = fmt::format("{}{}", number, number == 5 ? " (hamming)" : "")});
}

double crop_pct_of(int64_t resize_size, int64_t crop_size) {
  if (crop_size < 1 || crop_size > resize_size) {
    throw Error(ErrorKind::kConfig,
                {.what = "the crop must be inside the resized image",
                 .expected = "1 <= crop size <= resize size",
                 .found = fmt::format("a crop of {} from an image of {}", crop_size, resize_size)});
  }
  const auto crop = static_cast<double>(crop_size);
  const double share = crop / static_cast<double>(resize_size);
  // The quotient may come out a hair below the whole number that it should be.
  const bool falls_short = std::floor(crop / share) < static_cast<double>(resize_size);
  return falls_short ? std::nextafter(share, 0.0) : share;
}

}  // namespace tandem
