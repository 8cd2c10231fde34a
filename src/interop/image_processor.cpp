#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "interop/foreign_config.h"
#include "tandem/config/data_options.h"
#include "tandem/core/error.h"

namespace tandem {
namespace {

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

// A size is a number, {"height", "width"} or {"shortest_edge"}; returns it, and whether both sides
// are forced to it.
std::pair<int64_t, bool> read_size(ConfigObject& config, std::string_view key, int64_t fallback,
                                   bool square) {
  const Json value = config.raw(key);
  if (value.is_null()) return {fallback, square};
  if (value.is_number_integer()) return {value.get<int64_t>(), square};
  if (value.is_object() && value.contains("shortest_edge") &&
      value["shortest_edge"].is_number_integer())
    return {value["shortest_edge"].get<int64_t>(), false};
  const bool both = value.is_object() && value.contains("height") && value.contains("width") &&
                    value["height"] == value["width"] && value["height"].is_number_integer();
  if (!both) config.refuse(key, "one length for both sides");
  return {value["height"].get<int64_t>(), true};
}

void read_sizes(ConfigObject& processor, bool clip, ModelConfig& config) {
  const int64_t side = config.model.image.image_size;
  const auto [size, squash] = read_size(processor, "size", side, !clip);
  const bool crops = processor.flag("do_center_crop", clip);
  const int64_t crop_size = read_size(processor, "crop_size", side, true).first;
  if (crops ? crop_size != side : !squash)
    processor.refuse("crop_size", fmt::format("a crop to the model's {}", side));
  if (crops ? size < side : size != side)
    processor.refuse("size", fmt::format("{}the model's {}", crops ? "at least " : "", side));
  config.transform.resize_mode = squash ? ResizeMode::kSquash : ResizeMode::kShortest;
  if (size > side) config.transform.crop_pct = crop_pct_of(size, side);
  if (crops) config.transform.crop_offset = CropOffset::kDown;
}

Interpolation read_filter(ConfigObject& processor, int64_t fallback) {
  const int64_t number = processor.integer("resample", fallback);
  if (number < 0 || number > 4) processor.refuse("resample", "0 to 4");
  return interpolation_by_pillow_number(number);
}

int64_t pillow_number(Interpolation filter) {
  int64_t number = 0;
  while (interpolation_by_pillow_number(number) != filter) ++number;
  return number;
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
  ImageEncoderOptions& image = config.model.image;
  image.mean = processor.three_numbers("image_mean", image.mean);
  image.std = processor.three_numbers("image_std", image.std);
  read_sizes(processor, clip, config);
  config.transform.interpolation = read_filter(processor, vit ? 2 : 3);
  processor.require(kRequired);
  if (std::abs(processor.number("rescale_factor", 1.0 / 255) - 1.0 / 255) > 1e-9)
    processor.refuse("rescale_factor", "1/255");
  processor.finish(kHarmless);
}

Json image_processor_json(const ModelConfig& config) {
  const ImageEncoderOptions& image = config.model.image;
  const bool shortest = config.transform.resize_mode == ResizeMode::kShortest;
  const int64_t resized = resized_side(config);
  const bool crops = shortest || resized != image.image_size;
  const auto both = [](int64_t side) { return Json{{"height", side}, {"width", side}}; };
  Json json;
  json["image_processor_type"] = !image.class_token ? "SiglipImageProcessor"
                                 : image.pre_norm   ? "CLIPImageProcessor"
                                                    : "ViTImageProcessor";
  json["do_resize"] = json["do_rescale"] = json["do_normalize"] = true;
  json["do_center_crop"] = crops;
  if (image.pre_norm) json["do_convert_rgb"] = true;
  json["image_mean"] = image.mean;
  json["image_std"] = image.std;
  json["resample"] = pillow_number(config.transform.interpolation);
  json["rescale_factor"] = 1.0 / 255;
  json["size"] = shortest ? Json{{"shortest_edge", resized}} : both(resized);
  if (crops) json["crop_size"] = both(image.image_size);
  return json;
}

int64_t resized_side(const ModelConfig& config) {
  const auto side = static_cast<double>(config.model.image.image_size);
  const double resized = std::floor(side / config.transform.crop_pct);
  if (resized >= side && resized <= std::numeric_limits<int32_t>::max())
    return static_cast<int64_t>(resized);
  throw Error(ErrorKind::kConfig, {.what = "the crop must be a share of the resized picture",
                                   .where = "data.transform.crop_pct",
                                   .expected = "above 0, at most 1",
                                   .found = fmt::format("{}", config.transform.crop_pct)});
}

}  // namespace tandem
