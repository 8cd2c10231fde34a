#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <torch/types.h>

#include "tandem/inference/pipeline.h"

namespace tandem {

/// Returns `pattern` with every `{}`, `{c}` and `{label}` replaced, as a source's caption_template
/// is; a class name that holds such a mark itself is not filled again. Throws kUsage when it holds
/// none of them.
[[nodiscard]] std::string fill_template(const std::string& pattern, const std::string& class_name);

/// Throws kUsage for no class, and for an empty or repeated name.
void check_class_names(const std::vector<std::string>& names);

/// Returns one classifier column per class, [classes, embed_dim] with unit norm: each template
/// filled, embedded and normalised, their mean normalised again (Radford et al., arXiv:2103.00020,
/// section 3.1.4). Classes that are one text to the tokenizer are reported in a warning with their
/// count. Throws as check_class_names does, and kUsage for no template or one without placeholder.
[[nodiscard]] torch::Tensor zero_shot_classifier(const Pipeline& pipeline,
                                                 const std::vector<std::string>& class_names,
                                                 const std::vector<std::string>& templates);

struct ZeroShotResult {
  double top1 = 0;  ///< Share of images whose class has the highest similarity.
  double top5 = 0;
  double mean_per_class_recall = 0;  ///< Mean over the classes that have images.
  double majority = 0;               ///< Share of the images that the largest class has.
  int64_t count = 0;
};

/// Scores image_embeddings [N, D] with labels int64 [N] in [0, C) against a classifier [C, D]. An
/// image is within its top k when fewer than k other classes score at least as high as its own: a
/// tie counts as wrong, so a collapsed model scores 0, and so does a similarity that is NaN. All
/// shares are 0 for no image. Throws kUsage for shapes or labels that do not fit.
[[nodiscard]] ZeroShotResult score_zero_shot(const torch::Tensor& image_embeddings,
                                             const torch::Tensor& labels,
                                             const torch::Tensor& classifier);

}  // namespace tandem
