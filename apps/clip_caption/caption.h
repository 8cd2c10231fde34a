#pragma once

#include <string>
#include <vector>

#include "common/model_arguments.h"
#include "tandem/inference/caption.h"

namespace tandem::apps {

struct CaptionArguments {
  ModelArguments model;
  std::vector<std::string> images;
  bool allow_outside_root = false;
  std::string output;  ///< Empty for standard output.
  std::string format = "text";
  int64_t beams = 1;
  double top_p = 0;  ///< 0: nothing is drawn.
  CaptionOptions options;
};

/// Writes captions of all images. Returns the exit code. Throws kUsage and as its parts do.
int run_caption(const CaptionArguments& arguments);

}  // namespace tandem::apps
