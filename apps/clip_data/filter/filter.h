#pragma once

#include <cstdint>
#include <string>

#include "clip_data/arguments.h"
#include "tandem/inference/caption.h"
#include "tandem/inference/pipeline.h"

namespace tandem::apps {

/// The command line of clip-data filter.
struct FilterArguments {
  DataArguments data;
  std::string judge;      ///< A model directory with a matching head.
  std::string captioner;  ///< A model directory with a decoder; empty judges the data's own only.
  std::string scores;     ///< File of all captions with their scores, made or finished first.
  double threshold = 0.5;
  std::string output;  ///< Manifest of what is kept; empty only shows the scores.
  PipelineOptions options = {};
  CaptionOptions caption = {};
};

/// Filters the captions of a data set, and those that a captioner adds (CapFilt; Li et al.,
/// arXiv:2201.12086, section 3.3). Returns the exit code: 65 or 66 when some images are invalid.
[[nodiscard]] int run_filter(const FilterArguments& arguments);

}  // namespace tandem::apps
