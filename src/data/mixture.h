#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tandem/config/data_options.h"

namespace tandem {

/// One source of a mixture.
struct MixtureEntry {
  SourceOptions source = {};
  double weight = 1;
};

struct MixtureFile {
  std::vector<MixtureEntry> entries = {};
  int64_t samples_per_epoch = 0;  ///< 0 takes the sum of the sources' sizes.
};

/// Reads `{"sources": [{"weight": 2, "source": {…}}, …], "samples_per_epoch": 1000}`. Relative
/// paths of its sources start from the file's folder. Throws kMissingInput, kData and kConfig with
/// the place of the mistake.
[[nodiscard]] MixtureFile read_mixture(const std::filesystem::path& path);

/// Returns how many of `total` samples each weight gets: as near to its share as whole numbers are,
/// the largest remainders rounded up (the earlier entry of two equal ones). The sum is `total`.
[[nodiscard]] std::vector<int64_t> share_out(int64_t total, const std::vector<double>& weights);

}  // namespace tandem
