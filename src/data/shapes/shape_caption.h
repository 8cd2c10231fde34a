#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/shapes/shape_scene.h"

namespace tandem {

/// Returns a caption that is true of the scene, chosen by `seed`.
[[nodiscard]] std::string describe_scene(const ShapeScene& scene, uint64_t seed);

/// Returns describe_scene(scene, seed) with one of its words for colour, shape, size or background
/// replaced by another one, which is not true of the scene.
[[nodiscard]] std::string describe_falsely(const ShapeScene& scene, uint64_t seed);

/// Returns every caption of the grammar that is true of the scene, each once.
[[nodiscard]] std::vector<std::string> true_captions(const ShapeScene& scene);

}  // namespace tandem
