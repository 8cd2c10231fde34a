#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "interop/hugging_face/image_processor_kind.h"
#include "interop/python/tandem_python.h"
#include "interop/reading/foreign_config.h"
#include "tandem/config/data_options.h"
#include "tandem/core/error.h"

namespace tandem {
namespace {

constexpr std::string_view kHarmless[] = {"_processor_class",
                                          "_valid_kwargs_names",
                                          "_valid_processor_keys",
                                          "data_format",
                                          "device",
                                          "disable_grouping",
                                          "do_pad",
                                          "feature_extractor_type",
                                          "image_processor_type",
                                          "image_seq_length",
                                          "input_data_format",
                                          "processor_class",
                                          "return_tensors"};

// By Pillow's number.
constexpr std::string_view kFilterNames[] = {"nearest", "lanczos", "bilinear", "bicubic", "box"};

// The object that says how images are prepared, as transformers looks for it.
std::optional<ConfigObject> find_processor(const std::filesystem::path& directory) {
  const auto whole = directory / "processor_config.json";
  if (std::filesystem::exists(whole)) {
    ConfigObject processor(read_json_object(whole), whole.string());
    if (processor.has("image_processor")) return processor.object("image_processor");
  }
  const auto file = directory / "preprocessor_config.json";
  if (!std::filesystem::exists(file)) return std::nullopt;
  return ConfigObject(read_json_object(file), file.string());
}

// One number, two of them or an object; `square` says what one number means.
struct Size {
  int64_t side;
  bool squash;  ///< Both sides are forced to it.
};
Size read_size(ConfigObject& config, std::string_view key, const Size& fallback, bool square) {
  const Json value = config.raw(key);
  if (value.is_null()) return fallback;
  if (value.is_number_integer()) return {value.get<int64_t>(), square};
  if (value.is_array()) return {config.side(key, 0), true};
  const auto has = [&](const char* part) {
    return value.is_object() && value.contains(part) && value[part].is_number_integer();
  };
  const auto says = [&](const char* part) {
    return value.is_object() && value.contains(part) && !value[part].is_null();
  };
  if (has("shortest_edge") && !says("height") && !says("width") && !says("longest_edge"))
    return {value["shortest_edge"].get<int64_t>(), false};
  const bool both = has("height") && has("width") && value["height"] == value["width"];
  if (!both || says("longest_edge")) config.refuse(key, "one length for both sides");
  return {value["height"].get<int64_t>(), true};
}

void read_sizes(ConfigObject& processor, const ImageProcessorKind& kind, ModelConfig& config) {
  const int64_t side = config.model.image.image_size;
  const bool square = processor.flag("default_to_square", kind.square);
  const bool crops = processor.flag("do_center_crop", kind.crops);
  const Size usual{crops ? static_cast<int64_t>(static_cast<double>(side) / kind.crop_pct) : side,
                   kind.square || !kind.crops};
  const auto [size, squash] = read_size(processor, "size", usual, square);
  const int64_t crop_size = read_size(processor, "crop_size", {side, true}, true).side;
  if (crops ? crop_size != side : !squash)
    processor.refuse("crop_size", fmt::format("a crop to the model's {}", side));
  if (crops ? size < side : size != side)
    processor.refuse("size", fmt::format("{}the model's {}", crops ? "at least " : "", side));
  config.transform.resize_mode = squash ? ResizeMode::kSquash : ResizeMode::kShortest;
  if (size > side) config.transform.crop_pct = crop_pct_of(size, side);
  if (crops) config.transform.crop_offset = CropOffset::kDown;
}

Interpolation read_filter(ConfigObject& processor, int64_t fallback) {
  const Json value = processor.raw("resample");
  int64_t number = fallback;
  if (value.is_string()) {
    const auto* found = std::ranges::find(kFilterNames, value.get<std::string>());
    number = found - std::begin(kFilterNames);
  } else {
    number = processor.integer("resample", fallback);
  }
  if (number < 0 || number >= std::ssize(kFilterNames))
    processor.refuse("resample", "0 to 4, or nearest, lanczos, bilinear, bicubic or box");
  return interpolation_by_pillow_number(number);
}

// Their (factor · v − mean) / std of a byte v in our words, which are (v / 255 − mean) / std.
void read_numbers(ConfigObject& processor, const ImageProcessorKind& kind,
                  ImageEncoderOptions& image) {
  image.mean = processor.three_numbers("image_mean", kind.mean);
  image.std = processor.three_numbers("image_std", kind.std);
  if (!processor.flag("do_normalize", true)) {
    image.mean = {0.0, 0.0, 0.0};
    image.std = {1.0, 1.0, 1.0};
  }
  const double given = processor.number("rescale_factor", 1.0 / 255);
  const double factor = processor.flag("do_rescale", true) ? given : 1.0;
  if (!(factor > 0.0)) processor.refuse("rescale_factor", "above 0");
  const double scale = 255 * factor;
  if (std::abs(scale - 1.0) < 1e-6) return;
  for (size_t i = 0; i < image.mean.size(); ++i) {
    image.mean[i] /= scale;
    image.std[i] /= scale;
  }
}

// Conversion to RGB lays transparency on white. A processor that does not convert refuses such
// images, and Pillow's convert("RGB") before it drops transparency.
void read_background(ConfigObject& processor, const ImageProcessorKind& kind,
                     ImageTransformOptions& transform) {
  const bool usual = kind.converts && !processor.is_null("do_convert_rgb");
  transform.background = processor.flag("do_convert_rgb", usual) ? "white" : "drop";
}

// Names what the file leaves to its class.
void warn_of_defaults(const ConfigObject& processor, const ImageProcessorKind& kind,
                      ForeignConfig& foreign) {
  std::vector<std::string_view> absent;
  for (const std::string_view key : {"size", "resample", "image_mean", "image_std"}) {
    if (!processor.has(key)) absent.push_back(key);
  }
  if (absent.empty()) return;
  foreign.warnings.push_back(
      fmt::format("{} does not say {}; what {}ImageProcessor does by default is taken",
                  processor.where(), fmt::join(absent, ", "), kind.name));
}

}  // namespace

void read_image_processor(const std::filesystem::path& directory, ForeignConfig& foreign) {
  ModelConfig& config = foreign.config;
  if (config.model.towers == Towers::kText) return;
  std::optional<ConfigObject> found = find_processor(directory);
  const bool said = found.has_value();
  ConfigObject processor = said ? std::move(*found) : ConfigObject(Json::object(), "");
  if (processor.has("tandem")) return read_own_processor(std::move(processor), foreign);
  const ImageProcessorKind& kind = image_processor_kind(processor, foreign.layout);
  read_sizes(processor, kind, config);
  read_numbers(processor, kind, config.model.image);
  config.transform.interpolation = read_filter(processor, kind.resample);
  processor.require(std::array{RequiredValue{"do_resize", "true"}});
  read_background(processor, kind, config.transform);
  processor.allow(kHarmless);
  processor.finish();
  if (said) return warn_of_defaults(processor, kind, foreign);
  foreign.warnings.push_back(fmt::format(
      "nothing in {} says how images are prepared (no preprocessor_config.json, no "
      "image_processor in a processor_config.json); what {}ImageProcessor does by default is taken",
      directory.string(), kind.name));
}

int64_t resized_side(const ModelConfig& config) {
  const auto side = static_cast<double>(config.model.image.image_size);
  const double resized = std::floor(side / config.transform.crop_pct);
  if (resized >= side && resized <= std::numeric_limits<int32_t>::max())
    return static_cast<int64_t>(resized);
  throw Error(ErrorKind::kConfig, {.what = "the crop must be a share of the resized image",
                                   .where = "data.transform.crop_pct",
                                   .expected = "above 0, at most 1",
                                   .found = fmt::format("{}", config.transform.crop_pct)});
}

}  // namespace tandem
