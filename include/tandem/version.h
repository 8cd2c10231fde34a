#pragma once

namespace tandem {

inline constexpr const char* kVersion = "0.1.0";

}  // namespace tandem
