#pragma once

#include <cstdint>
#include <string>

#include "clip_data/arguments.h"

namespace tandem::apps {

struct PreviewArguments {
  DataArguments data;
  std::string output;
  int64_t count = 60;
  int64_t side = 160;  ///< Longest side of a thumbnail, in pixels.
};

/// Writes one HTML file that shows samples spread over the data, images inlined. Returns 0.
[[nodiscard]] int run_preview(const PreviewArguments& arguments);

}  // namespace tandem::apps
