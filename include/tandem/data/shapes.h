#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tandem/data/source.h"

namespace tandem {

/// One image of the `shapes` data set by name: "red", "circle".
struct ShapePair {
  std::string color = {};
  std::string shape = {};
};

/// Every colour-shape pair, colour by colour; the order is the class order of a shapes source.
[[nodiscard]] const std::vector<ShapePair>& all_shape_pairs();

/// Whether training never shows this pair (ShapesSplit::kSeen leaves it out). Every colour and
/// every shape has pairs of both kinds.
[[nodiscard]] bool is_held_out(const ShapePair& pair);

/// Returns size × size pixels of one pair; position, size, angle, background and shade follow from
/// `seed`. Throws kUsage for a pair that is not in all_shape_pairs(). Thread-safe.
[[nodiscard]] Image draw_shape(const ShapePair& pair, int64_t size, uint64_t seed);

/// Returns every caption of the grammar (docs/data.md) that is true of sample `index` as
/// Source::sample(index, seed) draws it: what a captioner may say. All of them name colour and
/// shape; size and background are named truly or not at all. Thread-safe.
[[nodiscard]] std::vector<std::string> true_shape_captions(const ShapesOptions& options,
                                                           int64_t index, uint64_t seed);

/// Returns the caption that Source::sample(index, seed) gives with one word replaced, so that its
/// colour, shape, size or background is not that of the image: a hard negative. Thread-safe.
[[nodiscard]] std::string false_shape_caption(const ShapesOptions& options, int64_t index,
                                              uint64_t seed);

/// A source of `options.count` drawn samples (docs/data.md has the grammar). Sample i of seed s is
/// always the same. class_names() are all pairs ("red circle"), whatever the split. Throws kConfig
/// for a count or size below 1.
[[nodiscard]] std::unique_ptr<Source> make_shapes_source(const ShapesOptions& options,
                                                         int64_t image_size);

}  // namespace tandem
