#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tandem/core/error.h"
#include "tandem/model/generation.h"

namespace tandem {

/// How captions are written.
struct CaptionOptions {
  GenerationOptions generation = {};  ///< Its `prompt` is left empty.
  std::string prompt = {};  ///< What every caption begins with; the caption is what follows it.
};

/// What a model wrote about an image.
struct Caption {
  std::string text = {};  ///< Without the prompt.
  double score = 0.0;     ///< As GeneratedText::score.
  bool ended = false;     ///< Whether the caption came to its end before max_new_tokens.
};

/// What could be written about images of which some may be invalid.
struct PartialCaptions {
  std::vector<Caption> captions;             ///< N; empty for invalid images.
  std::vector<std::optional<Error>> errors;  ///< N: why an image is invalid, or nothing.
};

}  // namespace tandem
