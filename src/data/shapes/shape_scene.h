#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "tandem/image/image.h"

namespace tandem {

inline constexpr int64_t kColorCount = 8;
inline constexpr int64_t kShapeCount = 8;

using Rgb = std::array<double, 3>;

/// Names of colour `color` and shape `shape`, each in [0, 8).
[[nodiscard]] std::string color_name(int64_t color);
[[nodiscard]] std::string shape_name(int64_t shape);

/// Returns "gray", "dark" or "light".
[[nodiscard]] std::string background_word(int64_t background);
/// Returns "small" or "large", empty for an extent in between.
[[nodiscard]] std::string size_word(double extent);

/// Everything that a drawn image shows, whatever its size in pixels.
struct ShapeScene {
  int64_t color = 0;
  int64_t shape = 0;
  double extent = 0;    ///< Longer side of the shape, as a share of the image's.
  double across = 0.5;  ///< Where it sits in the room that it leaves: 0 left, 1 right.
  double down = 0.5;
  double angle = 0;  ///< Radians.
  Rgb paint = {};    ///< The colour with its shade.
  int64_t background = 0;
  Rgb top = {};  ///< The background's shade at the upper and the lower edge.
  Rgb bottom = {};
  double noise = 0;  ///< Largest deviation of a background pixel.
  uint64_t noise_seed = 0;
};

/// Returns the scene of one colour and shape that follows from `seed`.
[[nodiscard]] ShapeScene make_scene(int64_t color, int64_t shape, uint64_t seed);

/// Returns the scene at size × size pixels, antialiased.
[[nodiscard]] Image draw_scene(const ShapeScene& scene, int64_t size);

}  // namespace tandem
