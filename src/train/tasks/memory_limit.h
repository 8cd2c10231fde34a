#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace tandem {

/// Bytes of memory that this process may use: the smallest limit of its control groups (version 1
/// and 2) or else the machine's memory; 0 when nothing says. `root` stands for "/".
[[nodiscard]] uint64_t memory_limit(const std::filesystem::path& root = "/");

/// Says that a run which has needed `peak` of `limit` bytes is about to be killed for its memory;
/// empty where there is room, or no limit.
[[nodiscard]] std::string memory_warning(uint64_t peak, uint64_t limit);

}  // namespace tandem
