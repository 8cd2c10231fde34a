#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "tandem/config/data_options.h"
#include "tandem/data/source.h"
#include "tandem/eval/caption_scores.h"
#include "tandem/inference/pipeline.h"

namespace tandem {

/// Writes captions of up to `max_samples` samples of a source and scores them against all captions
/// of each. Invalid samples are skipped and counted in the log. Throws kData when no sample is
/// valid or one has no caption, and as Pipeline::try_caption_images.
[[nodiscard]] CaptionScores evaluate_captions(const Pipeline& pipeline, const Source& source,
                                              int64_t max_samples, uint64_t seed);

/// The numbers of a result by name: `bleu_4`, `rouge_l` and `cider`.
[[nodiscard]] std::map<std::string, double> named_metrics(const CaptionScores& scores);

/// How many captions of drawn images say nothing that is untrue (true_shape_captions).
struct ShapeCaptionResult {
  double true_captions = 0;  ///< Share of images whose caption is true of them.
  double shuffled = 0;       ///< Share of images of which the next one's caption is true: what a
                             ///< captioner reaches that does not look at the image.
  int64_t images = 0;
};

/// Writes captions of the first `count` samples of a shapes source and judges them. Throws as
/// Pipeline::try_caption_images.
[[nodiscard]] ShapeCaptionResult evaluate_shape_captions(const Pipeline& pipeline,
                                                         const ShapesOptions& options,
                                                         int64_t count, uint64_t seed);

/// Returns how often Pipeline::match decides rightly (at 0.5) about the first `count` samples of a
/// shapes source: once with the caption of each, once with a false one (false_shape_caption). 0.5
/// is chance. Throws as Pipeline::match.
[[nodiscard]] double evaluate_shape_matching(const Pipeline& pipeline, const ShapesOptions& options,
                                             int64_t count, uint64_t seed);

}  // namespace tandem
