#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "io/files/file_reader.h"

namespace tandem {

/// Shards that are read at any place, by any thread, with few of them open at a time.
class ShardFiles {
 public:
  /// `stamps` are those of the shards when their indexes were made.
  ShardFiles(std::vector<std::filesystem::path> paths, std::vector<FileStamp> stamps)
      : paths_(std::move(paths)), stamps_(std::move(stamps)) {}

  /// Returns `bytes` bytes of a shard from `offset`. A failing read is tried again three times, a
  /// little later each time and with the file opened again (a network drive's stale handle). Throws
  /// kData "shard changed" when it is not the file that was indexed, "missing file",
  /// "read error". Thread-safe.
  [[nodiscard]] std::string read(size_t shard, uint64_t offset, size_t bytes) const;
  [[nodiscard]] const std::filesystem::path& path(size_t shard) const { return paths_[shard]; }

 private:
  static constexpr size_t kSlots = 64;
  struct Slot {
    std::mutex mutex = {};
    size_t shard = SIZE_MAX;
    std::shared_ptr<const FileReader> file = {};
  };
  [[nodiscard]] std::shared_ptr<const FileReader> open(size_t shard) const;
  void close(size_t shard) const;
  [[nodiscard]] std::string read_once(size_t shard, uint64_t offset, size_t bytes) const;

  std::vector<std::filesystem::path> paths_;
  std::vector<FileStamp> stamps_;
  mutable std::array<Slot, kSlots> slots_;
};

}  // namespace tandem
