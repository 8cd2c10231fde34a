#pragma once

#include <string>
#include <vector>

#include "common/model_arguments.h"

namespace tandem::apps {

/// The command line of clip-zeroshot.
struct ZeroShotArguments {
  ModelArguments model;
  std::vector<std::string> images;
  bool allow_outside_root = false;
  std::string classes;       ///< Comma-separated; empty when classes_file or folders name them.
  std::string classes_file;  ///< One class per line.
  std::string templates_file;
  int64_t top_k = 5;
  bool match = false;  ///< Scores of the matching head instead of similarities.
  std::string format = "text";
  bool labels_from_dirs = false;
  std::string class_names;  ///< File with the names of the folders.
};

/// Does what clip-zeroshot's --help says and returns the exit code: 0, or what the invalid
/// images amount to (65 damaged, 66 when all of them are only missing). Throws Error.
[[nodiscard]] int run_zero_shot(const ZeroShotArguments& arguments);

}  // namespace tandem::apps
