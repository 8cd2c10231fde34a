#include "interop/writers/image_processor_writer.h"

#include <array>
#include <cstdint>

#include "interop/python/tandem_python.h"

namespace tandem {
namespace {

int64_t pillow_number(Interpolation filter) {
  int64_t number = 0;
  while (interpolation_by_pillow_number(number) != filter) ++number;
  return number;
}

bool drops_before_resize(const ImageTransformOptions& transform) {
  return !background_color(transform.background) && !drops_after_resize(transform.background);
}

bool lays_on_white(const ImageTransformOptions& transform) {
  return background_color(transform.background) == std::array<uint8_t, 3>{255, 255, 255};
}

Json own_processor_json(const ModelConfig& config) {
  Json json;
  json["image_processor_type"] = "TandemImageProcessor";
  json["auto_map"] = {{"AutoImageProcessor", "image_processing_tandem.TandemImageProcessor"}};
  json["image_size"] = config.model.image.image_size;
  json["image_mean"] = config.model.image.mean;
  json["image_std"] = config.model.image.std;
  json["tandem"] = own_config_json(config)["data"]["transform"];
  return json;
}

}  // namespace

bool is_stock_processing(const ModelConfig& config) {
  const ImageTransformOptions& transform = config.transform;
  const int64_t surplus = resized_side(config) - config.model.image.image_size;
  const bool shortest = transform.resize_mode == ResizeMode::kShortest;
  const bool filter = transform.interpolation == Interpolation::kBicubic ||
                      transform.interpolation == Interpolation::kBilinear;
  // transformers rounds half a pixel down.
  const bool same_crop =
      transform.crop_offset == CropOffset::kDown || (!shortest && surplus % 2 == 0);
  return transform.resize_mode != ResizeMode::kLongest && filter && same_crop &&
         transform.exif == ExifOrientation::kIgnore &&
         (drops_before_resize(transform) || lays_on_white(transform));
}

Json image_processor_json(const ModelConfig& config, Layout layout) {
  if (layout == Layout::kTandem || !is_stock_processing(config)) return own_processor_json(config);
  const ImageEncoderOptions& image = config.model.image;
  const bool shortest = config.transform.resize_mode == ResizeMode::kShortest;
  const int64_t resized = resized_side(config);
  const bool crops = shortest || resized != image.image_size;
  const auto both = [](int64_t side) { return Json{{"height", side}, {"width", side}}; };
  Json json;
  json["image_processor_type"] = layout == Layout::kBlip && !crops ? "BlipImageProcessor"
                                 : !image.class_token              ? "SiglipImageProcessor"
                                 : image.pre_norm                  ? "CLIPImageProcessor"
                                                                   : "ViTImageProcessor";
  json["do_resize"] = json["do_rescale"] = json["do_normalize"] = true;
  json["do_center_crop"] = crops;
  // Conversion lays transparency on white. Without it such images are refused, and Pillow's
  // convert("RGB") before it drops transparency.
  json["do_convert_rgb"] = lays_on_white(config.transform);
  json["image_mean"] = image.mean;
  json["image_std"] = image.std;
  json["resample"] = pillow_number(config.transform.interpolation);
  json["rescale_factor"] = 1.0 / 255;
  json["size"] = shortest ? Json{{"shortest_edge", resized}} : both(resized);
  if (crops) json["crop_size"] = both(image.image_size);
  return json;
}

}  // namespace tandem
