#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace tandem {

/// Version of the checkpoint layout that this library writes and reads.
inline constexpr int64_t kCheckpointFormat = 1;

/// Content hashes by file name.
using FileHashes = std::map<std::string, std::string>;

/// Writes `manifest.json` into `directory`: format version and, of every file in `hashes`, size and
/// content hash. The hashes are of what was meant to be written, so that find_damage also tells
/// what the device made of it. Call it last. Throws kCannotCreate and kIo.
void write_manifest(const std::filesystem::path& directory, const FileHashes& hashes);

/// Whether there is a manifest in `directory`.
[[nodiscard]] bool has_manifest(const std::filesystem::path& directory);

/// Returns what is wrong with the files of `directory` compared with their manifest, nothing when
/// all is well. Throws kCheckpoint when they are of another format version: not damaged, but not
/// ours to judge.
[[nodiscard]] std::optional<std::string> find_damage(const std::filesystem::path& directory);

/// Throws kIo, naming both numbers, unless the file system of `folder` has room for 1.2 × `bytes`.
void require_free_space(const std::filesystem::path& folder, uint64_t bytes);

}  // namespace tandem
