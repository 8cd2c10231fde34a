#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

#include "tandem/config/load.h"

namespace tandem {

/// What the calls of Pipeline require. Throws kMissingInput unless a model directory is there.
void require_directory(const std::filesystem::path& directory);
/// All below throw kUsage. A `directory` names the model and is empty for one in training.
void check_batch_size(int64_t batch_size);
void require_any(size_t count, const char* what);
/// `tower` is kImage or kText.
void require_tower(const ModelConfig& config, Towers tower, const std::filesystem::path& directory);
void require_matching_head(const ModelConfig& config, const std::filesystem::path& directory);

}  // namespace tandem
