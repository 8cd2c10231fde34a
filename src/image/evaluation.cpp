#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "image/formats/decode.h"
#include "image/formats/exif.h"
#include "image/formats/stored_mode.h"
#include "image/resample/resample.h"
#include "tandem/core/error.h"
#include "tandem/image/resize.h"
#include "tandem/image/sniff.h"
#include "tandem/image/transform.h"

namespace tandem {
namespace {

struct Sides {
  int64_t width;
  int64_t height;
};

struct Axes {
  ResampleAxis across;
  ResampleAxis down;
};

[[noreturn]] void reject_narrow(const Sides& sides, const char* which) {
  throw Error(ErrorKind::kData,
              {.what = fmt::format("image is too narrow to be resized by its {} side", which),
               .found = fmt::format("{} x {}", sides.width, sides.height),
               .reason = "too narrow"});
}

/// The longer side when the shorter one becomes `size`, cut to an integer.
int64_t stretched_size(const Sides& sides, int64_t size) {
  const int64_t shorter = std::max<int64_t>(std::min(sides.width, sides.height), 1);
  const int64_t longer = std::max(sides.width, sides.height);
  const int64_t stretched =
      static_cast<int64_t>(static_cast<double>(size * longer) / static_cast<double>(shorter));
  if (stretched > std::numeric_limits<int32_t>::max()) reject_narrow(sides, "shorter");
  return stretched;
}

/// The side that is resized to, of which the crop keeps `size`.
int64_t resized_size(int64_t size, double crop_pct) {
  const double resized = std::floor(static_cast<double>(size) / crop_pct);
  if (crop_pct > 0 && crop_pct <= 1 && resized <= std::numeric_limits<int32_t>::max())
    return static_cast<int64_t>(resized);
  throw Error(ErrorKind::kUsage, {.what = "the crop must be a fraction of the resized image",
                                  .expected = "crop_pct above 0, at most 1",
                                  .found = fmt::format("{}", crop_pct)});
}

/// Of an image of this size, for every mode but kLongest.
Axes crop_axes(const Sides& sides, int64_t size, const ImageTransformOptions& options) {
  const int64_t resized = resized_size(size, options.crop_pct);
  Axes axes{.across = whole_axis(sides.width, resized), .down = whole_axis(sides.height, resized)};
  if (options.resize_mode == ResizeMode::kShortest) {
    ResampleAxis& longer = sides.width > sides.height ? axes.across : axes.down;
    longer.out_size = stretched_size(sides, resized);
  }
  for (ResampleAxis* axis : {&axes.across, &axes.down}) {
    axis->out_first = options.crop_offset == CropOffset::kDown
                          ? (axis->out_size - size) / 2
                          : middle_offset(axis->out_size, size);
    axis->out_count = size;
  }
  return axes;
}

/// open_clip's ResizeKeepRatio by the longer side, then its CenterCropOrPad.
Image resize_inside(const Image& image, int64_t size, const ImageTransformOptions& options) {
  if (image.pixels.empty() || size < 1)  // refused there, with the reason
    return resize(image, size, size, options.interpolation);
  const auto resized = static_cast<double>(resized_size(size, options.crop_pct));
  const double ratio = static_cast<double>(std::max(image.width, image.height)) / resized;
  const auto side = [ratio](int64_t in_size) {
    return static_cast<int64_t>(std::nearbyint(static_cast<double>(in_size) / ratio));
  };
  const Sides inner{.width = side(image.width), .height = side(image.height)};
  if (std::min(inner.width, inner.height) < 1) reject_narrow({image.width, image.height}, "longer");
  Image resized_image = resize(image, inner.width, inner.height, options.interpolation);
  resized_image.padding = image.padding;
  return center_crop(resized_image, size);
}

/// What the crop is made of, of an image that is known to be upright.
std::optional<Area> needed_area(const ImageHeader& header, int64_t size,
                                const ImageTransformOptions& options) {
  const bool is_cropped = options.resize_mode != ResizeMode::kLongest;
  if (!is_cropped || size < 1 || header.width < 1 || header.height < 1) return std::nullopt;
  const Axes axes = crop_axes({header.width, header.height}, size, options);
  return Area{.across = needed_span(axes.across, options.interpolation),
              .down = needed_span(axes.down, options.interpolation)};
}

Image decode_cropped(EncodedImage encoded, int64_t size, const ImageTransformOptions& options) {
  const bool is_upright = options.exif == ExifOrientation::kIgnore ||
                          exif_orientation(encoded.bytes, encoded.header.format) == 1;
  if (is_upright) encoded.area = needed_area(encoded.header, size, options);
  const Image decoded = decode_any(encoded, options);
  Image result = evaluation_transform(decoded, size, options);
  result.is_large = decoded.is_large;
  return result;
}

}  // namespace

Image evaluation_transform(const Image& image, int64_t size, const ImageTransformOptions& options) {
  if (options.resize_mode == ResizeMode::kLongest) return resize_inside(image, size, options);
  const Axes axes = crop_axes({image.width, image.height}, size, options);
  return resize_stored(image, axes.across, axes.down, options.interpolation);
}

Image decode_for_evaluation(std::string_view bytes, int64_t size,
                            const ImageTransformOptions& options) {
  return decode_cropped(encoded_image(bytes, options), size, options);
}

Image load_for_evaluation(const std::filesystem::path& path, int64_t size,
                          const ImageTransformOptions& options) {
  const std::string bytes = read_image_file(path);
  return decode_cropped(encoded_image(bytes, options, path.string()), size, options);
}

}  // namespace tandem
