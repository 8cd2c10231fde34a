#pragma once

#include <torch/types.h>

#include "tandem/config/run_config.h"

namespace tandem {

/// Which pairs of a batch show the same picture or bear the same text, and what to make of it. Two
/// pairs are duplicates when either group agrees; a pair is always its own match.
struct PairGroups {
  Duplicates duplicates = Duplicates::kKeep;
  torch::Tensor image_groups = {};  ///< int64 [N]: equal numbers, equal picture. Undefined: all
                                    ///< differ.
  torch::Tensor text_groups = {};  ///< int64 [N]: equal numbers, equal text. Undefined: all differ.
};

}  // namespace tandem
