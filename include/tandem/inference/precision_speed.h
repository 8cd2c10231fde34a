#pragma once

#include <string>

namespace tandem {

/// Returns how many times as fast as in fp32 a transformer's products are in `precision` ("bf16" or
/// "int8") on this CPU; 0 where there are none. It depends on the processor: some convert bf16 at
/// every product. Measured once per process, in some 30 ms. Throws kUsage for other names.
/// Thread-safe.
[[nodiscard]] double speed_beside_fp32(const std::string& precision);

}  // namespace tandem
