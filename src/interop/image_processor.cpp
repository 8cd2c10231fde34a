#include <array>
#include <cmath>

#include <fmt/format.h>

#include "interop/foreign_config.h"
#include "tandem/core/error.h"

namespace tandem {
namespace {

// Pillow's numbers.
struct ResampleName {
  int64_t number;
  std::string_view name;
  Interpolation interpolation;
};
constexpr ResampleName kResamples[] = {
    {0, "nearest", Interpolation::kNearest},   {1, "lanczos", Interpolation::kLanczos},
    {2, "bilinear", Interpolation::kBilinear}, {3, "bicubic", Interpolation::kBicubic},
    {4, "box", Interpolation::kBox},
};

constexpr std::string_view kHarmless[] = {"image_processor_type",
                                          "feature_extractor_type",
                                          "processor_class",
                                          "_valid_processor_keys",
                                          "rescale_factor",
                                          "do_convert_rgb",
                                          "input_data_format",
                                          "data_format",
                                          "return_tensors",
                                          "_processor_class",
                                          "device",
                                          "auto_map",
                                          "default_to_square",
                                          "disable_grouping",
                                          "do_pad",
                                          "pad_size",
                                          "image_seq_length",
                                          "image_processor",
                                          "video_processor",
                                          "max_num_patches"};

constexpr RequiredValue kRequired[] = {
    {"do_resize", "true"}, {"do_rescale", "true"}, {"do_normalize", "true"}};

void read_three(ConfigObject& config, std::string_view key, std::array<double, 3>& into) {
  const Json value = config.raw(key);
  if (value.is_null()) return;
  if (!value.is_array() || value.size() != 3) config.refuse(key, "three numbers");
  for (size_t i = 0; i < 3; ++i) into[i] = value[i].get<double>();
}

// A size is a number, {"height", "width"} or {"shortest_edge"}; returns it, and whether both sides
// are forced to it.
std::pair<int64_t, bool> read_size(ConfigObject& config, std::string_view key, int64_t fallback,
                                   bool square) {
  const Json value = config.raw(key);
  if (value.is_null()) return {fallback, square};
  if (value.is_number_integer()) return {value.get<int64_t>(), square};
  if (value.is_object() && value.contains("shortest_edge") && value["shortest_edge"].is_number())
    return {value["shortest_edge"].get<int64_t>(), false};
  const bool both = value.is_object() && value.contains("height") && value.contains("width") &&
                    value["height"] == value["width"] && value["height"].is_number_integer();
  if (!both) config.refuse(key, "one length for both sides");
  return {value["height"].get<int64_t>(), true};
}

}  // namespace

void read_image_processor(const std::filesystem::path& directory, ForeignConfig& foreign) {
  ModelConfig& config = foreign.config;
  if (config.model.towers == Towers::kText) return;
  const bool clip = foreign.layout == Layout::kClip || foreign.layout == Layout::kDualClip;
  config.transform.resize_mode = clip ? ResizeMode::kShortest : ResizeMode::kSquash;
  if (clip) config.transform.crop_offset = CropOffset::kDown;
  const bool vit = foreign.layout == Layout::kVit || foreign.layout == Layout::kDualVit;
  config.transform.interpolation = vit ? Interpolation::kBilinear : Interpolation::kBicubic;
  const auto file = directory / "preprocessor_config.json";
  if (!std::filesystem::exists(file)) {
    foreign.notes.emplace_back(
        "there is no preprocessor_config.json: its family's usual one is used");
    return;
  }
  ConfigObject processor(read_json_object(file), file.string());
  read_three(processor, "image_mean", config.model.image.mean);
  read_three(processor, "image_std", config.model.image.std);
  const int64_t side = config.model.image.image_size;
  const auto [size, squash] = read_size(processor, "size", side, !clip);
  const bool crop = processor.flag("do_center_crop", clip);
  const auto [crop_size, forced] = read_size(processor, "crop_size", side, true);
  if (size != side) processor.refuse("size", fmt::format("the model's {}", side));
  if (!squash && (!crop || crop_size != side))
    processor.refuse("crop_size", fmt::format("a crop to the model's {}", side));
  config.transform.resize_mode = squash ? ResizeMode::kSquash : ResizeMode::kShortest;
  if (!squash) config.transform.crop_offset = CropOffset::kDown;
  const int64_t number = processor.integer("resample", vit ? 2 : 3);
  bool known = false;
  for (const ResampleName& each : kResamples) {
    if (each.number != number) continue;
    config.transform.interpolation = each.interpolation;
    known = true;
  }
  if (!known) processor.refuse("resample", "0 to 4");
  processor.require(kRequired);
  if (std::abs(processor.number("rescale_factor", 1.0 / 255) - 1.0 / 255) > 1e-9)
    processor.refuse("rescale_factor", "1/255");
  processor.finish(kHarmless);
}

Json image_processor_json(const ModelConfig& config) {
  const ImageEncoderOptions& image = config.model.image;
  const bool shortest = config.transform.resize_mode == ResizeMode::kShortest;
  Json json;
  json["image_processor_type"] = !image.class_token ? "SiglipImageProcessor"
                                 : image.pre_norm   ? "CLIPImageProcessor"
                                                    : "ViTImageProcessor";
  json["do_resize"] = json["do_rescale"] = json["do_normalize"] = true;
  json["do_center_crop"] = shortest;
  if (image.pre_norm) json["do_convert_rgb"] = true;
  json["image_mean"] = image.mean;
  json["image_std"] = image.std;
  for (const ResampleName& each : kResamples) {
    if (each.interpolation == config.transform.interpolation) json["resample"] = each.number;
  }
  json["rescale_factor"] = 1.0 / 255;
  const Json both = {{"height", image.image_size}, {"width", image.image_size}};
  json["size"] = shortest ? Json{{"shortest_edge", image.image_size}} : both;
  if (shortest) json["crop_size"] = both;
  return json;
}

}  // namespace tandem
