#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "data/files/shard_files.h"
#include "data/shards/shard_samples.h"
#include "tandem/data/source.h"

namespace tandem {

/// One sample's place among shards.
struct ShardPlace {
  size_t shard = 0;
  size_t sample = 0;
};

/// All samples of a list of shards, in the order of the list.
class ShardSet {
 public:
  /// Opens every shard: its saved index, or a walk over its headers. Says in the log what was
  /// skipped. Throws as expand_shards and scan_tar; kConfig for a pipe that is not allowed;
  /// kData when there are no samples.
  ShardSet(const SourceOptions& options, const SourceContext& context);

  [[nodiscard]] int64_t size() const {
    return static_cast<int64_t>(ends_.empty() ? 0 : ends_.back());
  }
  [[nodiscard]] ShardPlace locate(int64_t index) const;
  [[nodiscard]] const ShardSamples& samples(size_t shard) const { return samples_[shard]; }
  [[nodiscard]] const std::filesystem::path& path(size_t shard) const {
    return files_->path(shard);
  }
  /// Returns the bytes of one part. Throws as ShardFiles::read; kData "damaged member"
  /// when they are not those that were indexed.
  [[nodiscard]] std::string read(const ShardPlace& place, ShardPart part) const;
  /// Hash of shard names, keys and places.
  [[nodiscard]] std::string hash() const;

 private:
  std::unique_ptr<ShardFiles> files_;
  std::vector<ShardSamples> samples_;
  std::vector<uint64_t> ends_;  ///< Samples up to and with each shard.
};

/// The files behind the entries of `options.path`, `pipe:` ones fetched.
[[nodiscard]] std::vector<std::filesystem::path> shard_paths(const SourceOptions& options,
                                                             const SourceContext& context);

}  // namespace tandem
