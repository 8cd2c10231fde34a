#pragma once

#include <filesystem>
#include <string>

namespace tandem {

/// As find_weights (config/model_files.h), but throws kMissingInput where that returns nothing; for
/// a model of another library it gives the clip-convert command.
[[nodiscard]] std::filesystem::path find_weights_file(const std::filesystem::path& path);

}  // namespace tandem
