#pragma once

#include <string>
#include <vector>

#include "interop/names/name_row.h"
#include "tandem/interop/report.h"
#include "tandem/io/safetensors.h"

namespace tandem {

/// One row for one block: whole names on both sides.
struct NamedPair {
  std::vector<std::string> ours;
  std::vector<std::string> theirs;
  Transform transform = Transform::kAsIs;
};

/// Returns the pairs of `map` that the model with parameters `own` has. Throws kConfig with every
/// parameter that no row names: the format cannot hold this model.
[[nodiscard]] std::vector<NamedPair> expand(const NameMap& map, const TensorMap& own);

/// Returns `theirs` under our names and shapes; `own` gives the shapes. What does not fit is listed
/// in `report`, and left out.
[[nodiscard]] TensorMap to_ours(const std::vector<NamedPair>& pairs, const TensorMap& theirs,
                                const TensorMap& own, ConversionReport& report);

/// Returns `own` under their names and shapes; `patch_size` shapes convolutions.
[[nodiscard]] TensorMap to_theirs(const std::vector<NamedPair>& pairs, const TensorMap& own,
                                  int64_t patch_size, ConversionReport& report);

}  // namespace tandem
