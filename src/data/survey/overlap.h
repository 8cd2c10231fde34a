#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tandem/data/source.h"

namespace tandem {

struct Overlap {
  int64_t shared = 0;                      ///< Validation samples whose key training has too.
  std::vector<std::string> examples = {};  ///< The first of them.
};

/// Looks for samples that stand in both sources, by their keys. Two folders may hold other images
/// under equal names: unless one of the first few that are found has the same bytes in both,
/// nothing is shared. Holds 8 bytes and more per validation sample; reads no other images.
[[nodiscard]] Overlap find_overlap(const Source& training, const Source& validation);

}  // namespace tandem
