#include "tandem/image/resize.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include <fmt/format.h>

#include "image/formats/stored_mode.h"
#include "image/resample/resample.h"
#include "tandem/core/error.h"

namespace tandem {
namespace {

/// Where a crop reads and writes along one axis.
struct Placement {
  int64_t from = 0;
  int64_t to = 0;
  int64_t count = 0;
};

void check_axes(const ResampleAxis& across, const ResampleAxis& down) {
  if (across.out_size < 1 || down.out_size < 1) {
    throw Error(ErrorKind::kUsage,
                {.what = "resize needs a size of at least one pixel",
                 .found = fmt::format("{} x {}", across.out_size, down.out_size)});
  }
  const auto lies_inside = [](const ResampleAxis& axis) {
    return axis.first >= 0 && axis.first < axis.last &&
           axis.last <= static_cast<float>(axis.in_size);
  };
  if (lies_inside(across) && lies_inside(down)) return;
  throw Error(ErrorKind::kUsage,
              {.what = "resize needs a box inside the image",
               .expected = fmt::format("within {} x {}, not empty", across.in_size, down.in_size),
               .found = fmt::format("left {}, top {}, right {}, bottom {}", across.first,
                                    down.first, across.last, down.last)});
}

/// The input pixel under the centre of each output pixel; -1 outside. Positions are summed up, not
/// multiplied, as Pillow's affine transform does.
std::vector<int64_t> nearest_pixels(const ResampleAxis& axis) {
  const double step =
      static_cast<double>(axis.last - axis.first) / static_cast<double>(axis.out_size);
  double position = axis.first + step * 0.5;
  for (int64_t i = 0; i < axis.out_first; ++i) position += step;
  std::vector<int64_t> pixels(static_cast<size_t>(axis.out_count));
  for (int64_t& pixel : pixels) {
    pixel = static_cast<int64_t>(position);
    if (pixel >= axis.in_size) pixel = -1;
    position += step;
  }
  return pixels;
}

Image resize_nearest(const ImageView& source, const ResampleAxis& across,
                     const ResampleAxis& down) {
  const std::vector<int64_t> columns = nearest_pixels(across);
  const std::vector<int64_t> rows = nearest_pixels(down);
  Image image(across.out_count, down.out_count);
  for (int64_t y = 0; y < image.height; ++y) {
    if (rows[static_cast<size_t>(y)] < 0) continue;
    const uint8_t* from = source.pixels + rows[static_cast<size_t>(y)] * source.stride;
    uint8_t* to = image.row(y);
    for (const int64_t column : columns) {
      if (column >= 0) std::memcpy(to, from + 3 * column, 3);
      to += 3;
    }
  }
  return image;
}

Image copy_of(const ImageView& view) {
  Image image(view.width, view.height);
  for (int64_t y = 0; y < view.height; ++y)
    std::memcpy(image.row(y), view.pixels + y * view.stride, static_cast<size_t>(view.width * 3));
  return image;
}

ImageView columns_of(ImageView view, int64_t first, int64_t count) {
  view.pixels += 3 * first;
  view.width = count;
  return view;
}

ImageView rows_of(ImageView view, int64_t first, int64_t count) {
  view.pixels += first * view.stride;
  view.height = count;
  return view;
}

/// Pillow's rule since version 13: the vertical pass comes first where it takes away many more rows
/// than the horizontal one takes columns.
bool is_vertical_first(const ResampleAxis& across, const ResampleAxis& down) {
  const int64_t lost_columns = std::max<int64_t>(across.in_size - across.out_size, 0);
  return down.in_size - down.out_size > 2 * lost_columns;
}

Image resize_both(const ImageView& source, const ResampleWeights& across,
                  const ResampleWeights& down, bool vertical_first) {
  const ImageView needed =
      rows_of(columns_of(source, across.in_first, across.in_count), down.in_first, down.in_count);
  Image image(static_cast<int64_t>(across.windows.size()),
              static_cast<int64_t>(down.windows.size()));
  if (vertical_first) {
    const auto between = scratch(needed.width * image.height * 3);
    resample_vertically(needed, down, between.get());
    resample_horizontally({between.get(), needed.width, image.height, needed.width * 3}, across,
                          image.pixels.data());
  } else {
    const auto between = scratch(image.width * needed.height * 3);
    resample_horizontally(needed, across, between.get());
    resample_vertically({between.get(), image.width, needed.height, image.width * 3}, down,
                        image.pixels.data());
  }
  return image;
}

Image resize_filtered(ImageView source, const ResampleAxis& across, const ResampleAxis& down,
                      Interpolation interpolation) {
  const bool goes_across = changes(across);
  const bool goes_down = changes(down);
  if (!goes_across) source = columns_of(source, across.out_first, across.out_count);
  if (!goes_down) source = rows_of(source, down.out_first, down.out_count);
  if (!goes_across && !goes_down) return copy_of(source);

  if (goes_across && goes_down) {
    return resize_both(source, make_resample_weights(across, interpolation),
                       make_resample_weights(down, interpolation), is_vertical_first(across, down));
  }
  Image image(across.out_count, down.out_count);
  const ResampleWeights weights = make_resample_weights(goes_across ? across : down, interpolation);
  if (goes_across) {
    resample_horizontally(columns_of(source, weights.in_first, weights.in_count), weights,
                          image.pixels.data());
  } else {
    resample_vertically(rows_of(source, weights.in_first, weights.in_count), weights,
                        image.pixels.data());
  }
  return image;
}

}  // namespace

bool changes(const ResampleAxis& axis) {
  return axis.out_size != axis.in_size || axis.first != 0 ||
         axis.last != static_cast<float>(axis.out_size);
}

Image resize_axes(const ImageView& source, const ResampleAxis& across, const ResampleAxis& down,
                  Interpolation interpolation) {
  check_axes(across, down);
  if (interpolation == Interpolation::kNearest) return resize_nearest(source, across, down);
  return resize_filtered(source, across, down, interpolation);
}

int64_t middle_offset(int64_t out_size, int64_t out_count) {
  return static_cast<int64_t>(std::nearbyint(static_cast<double>(out_size - out_count) / 2.0));
}

Image resize(const Image& image, int64_t width, int64_t height, Interpolation interpolation) {
  return resize_stored(image, whole_axis(image.width, width), whole_axis(image.height, height),
                       interpolation);
}

Image resize(const Image& image, int64_t width, int64_t height, Interpolation interpolation,
             const Box& box) {
  ResampleAxis across = whole_axis(image.width, width);
  ResampleAxis down = whole_axis(image.height, height);
  across.first = static_cast<float>(box.left);
  across.last = static_cast<float>(box.right);
  down.first = static_cast<float>(box.top);
  down.last = static_cast<float>(box.bottom);
  return resize_stored(image, across, down, interpolation);
}

Image center_crop(const Image& image, int64_t size) {
  if (size < 1) {
    throw Error(ErrorKind::kUsage, {.what = "center_crop needs a size of at least one pixel",
                                    .found = fmt::format("{}", size)});
  }
  const auto place = [size](int64_t in_size) {
    if (in_size < size) return Placement{.from = 0, .to = (size - in_size) / 2, .count = in_size};
    return Placement{.from = middle_offset(in_size, size), .to = 0, .count = size};
  };
  const Placement across = place(image.width);
  const Placement down = place(image.height);
  Image cropped(size, size);
  if (image.padding != std::array<uint8_t, 3>{}) {
    for (size_t i = 0; i < cropped.pixels.size(); ++i) cropped.pixels[i] = image.padding[i % 3];
  }
  for (int64_t y = 0; y < down.count; ++y) {
    std::memcpy(cropped.row(down.to + y) + 3 * across.to,
                image.row(down.from + y) + 3 * across.from, static_cast<size_t>(3 * across.count));
  }
  return cropped;
}

}  // namespace tandem
