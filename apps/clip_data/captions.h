#pragma once

#include <string>
#include <vector>

#include "tandem/data/source.h"

namespace tandem::apps {

/// Returns the captions that training could take, as the source has them: those of which cleaning
/// leaves something. Throws kData, naming the sample, when there are none.
[[nodiscard]] std::vector<std::string> filled_captions(const RawSample& sample);

}  // namespace tandem::apps
