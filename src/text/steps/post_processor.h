#pragma once

#include <cstdint>
#include <vector>

#include "text/steps/json_view.h"

namespace tandem {

/// What is added around the ids of a text.
struct Frame {
  std::vector<int32_t> before;
  std::vector<int32_t> after;
  [[nodiscard]] size_t size() const { return before.size() + after.size(); }
};

/// Reads a `post_processor` of a tokenizer.json, for a single text. Ids must be below `vocab_size`.
/// Throws kCheckpoint for one that is not known or that does not hold the text exactly once.
[[nodiscard]] Frame read_frame(const JsonView& json, int64_t vocab_size);

}  // namespace tandem
