#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace tandem {

/// Returns the positions of captions that hold at most `max_bytes` together (none counts for more
/// than clean_caption keeps of it): all of them in order when they fit, else the front of a fixed
/// shuffle, at least one.
[[nodiscard]] std::vector<size_t> sample_captions(const std::vector<std::string>& captions,
                                                  size_t max_bytes);

}  // namespace tandem
