#pragma once

#include <cstdint>

namespace tandem::apps {

/// Largest resident memory of this process since it was reset; 0 where the system does not tell.
[[nodiscard]] int64_t peak_resident_bytes();
/// Starts that count over and returns what is resident now. Where the system does not allow it, the
/// count goes on.
int64_t reset_peak_resident_bytes();

}  // namespace tandem::apps
