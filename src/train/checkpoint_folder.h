#pragma once

#include <filesystem>
#include <string>

#include "tandem/train/checkpoint.h"

namespace tandem {

/// Removes what `retention` does not keep beside the checkpoint `saved`. A failure is a warning.
void remove_older(const std::filesystem::path& folder, const Checkpoint& saved,
                  const Retention& retention);

/// Renames the checkpoint at `path` to a name ending in `.damaged`, with a warning.
void set_aside(const std::filesystem::path& path, const std::string& damage);

}  // namespace tandem
