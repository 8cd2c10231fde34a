#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "tandem/train/checkpoint.h"

namespace tandem {

/// Returns `path` absolute, without dots and without a slash at its end.
[[nodiscard]] std::filesystem::path plain_path(const std::filesystem::path& path);

/// Whether `path` is named as a checkpoint is, there or not.
[[nodiscard]] bool has_checkpoint_name(const std::filesystem::path& path);

/// As find_latest_checkpoint, but changes nothing: damaged ones stay, with a warning.
[[nodiscard]] std::optional<std::filesystem::path> peek_latest_checkpoint(
    const std::filesystem::path& folder);

/// Removes what `retention` does not keep beside the checkpoint `saved`. A failure is a warning.
void remove_older(const std::filesystem::path& folder, const Checkpoint& saved,
                  const Retention& retention);

/// Renames the checkpoint at `path` to a name ending in `.damaged`, with a warning.
void set_aside(const std::filesystem::path& path, const std::string& damage);

}  // namespace tandem
