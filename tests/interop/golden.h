/// Where the golden files of foreign models are.
#pragma once

#include <filesystem>
#include <string>

namespace tandem::test {

/// The file or folder `name` of tests/golden/interop.
inline std::filesystem::path golden(const std::string& name) {
  return std::filesystem::path(TANDEM_SOURCE_DIR) / "tests" / "golden" / "interop" / name;
}

}  // namespace tandem::test
