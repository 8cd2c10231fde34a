#pragma once

#include <string>

namespace tandem {

/// Returns what errno value `error` says about `path`; for a refused access also whose file it is,
/// its mode and who we are.
[[nodiscard]] std::string access_problem(const std::string& path, int error);

}  // namespace tandem
