#pragma once

#include <string>

namespace tandem::apps {

struct ScoringArguments {
  std::string predictions;
  std::string references;
  std::string format = "text";
  std::string details;  ///< File for the scores of each image; empty writes none.
  bool common = false;
};

/// Prints BLEU, ROUGE-L and CIDEr of captions against references. Returns 0.
[[nodiscard]] int run_score_captions(const ScoringArguments& arguments);

}  // namespace tandem::apps
