#pragma once

#include <array>
#include <string>
#include <string_view>

#include "interop/names/layout.h"
#include "interop/reading/config_object.h"

namespace tandem {

/// An image processor class of transformers: what it does where its file says nothing.
struct ImageProcessorKind {
  std::string_view name;  ///< Without ImageProcessor, FeatureExtractor, Fast, Pil.
  bool crops;             ///< do_center_crop
  bool square;            ///< default_to_square: one number as `size` is both sides.
  bool converts;          ///< do_convert_rgb, which lays transparency on white.
  int64_t resample;       ///< Pillow's number of the filter.
  double crop_pct;        ///< Share of the resized image that the crop keeps.
  std::array<double, 3> mean;
  std::array<double, 3> std;
};

/// Returns the kind that the processor's file names, or the one that `layout`'s models usually
/// have when it names none. Throws kCheckpoint for a class that is not known.
[[nodiscard]] const ImageProcessorKind& image_processor_kind(ConfigObject& processor,
                                                             Layout layout);

}  // namespace tandem
