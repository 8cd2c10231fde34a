#pragma once

#include <cstdint>
#include <string>

#include "clip_data/arguments.h"

namespace tandem::apps {

struct ExportArguments {
  DataArguments data;
  std::string output;
  int64_t count = 0;  ///< 0 takes all.
};

/// Writes samples as image files with captions.tsv beside them, and classes.txt where the source
/// has classes. Returns the exit code: 65 when some samples could not be used.
[[nodiscard]] int run_export(const ExportArguments& arguments);

}  // namespace tandem::apps
