#pragma once

#include <filesystem>

namespace tandem {

/// Clears away what killed processes left in `folder` (core/files.h gives the names): what was
/// half-written goes; what was stepping aside for a new one comes back if that never arrived.
void clear_leftovers(const std::filesystem::path& folder);

}  // namespace tandem
