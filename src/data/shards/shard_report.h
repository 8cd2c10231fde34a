#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/shards/shard_samples.h"
#include "data/shards/tar_index.h"

namespace tandem {

/// What is odd about the shards of a source, collected while they are opened, reported at the end.
class ShardReport {
 public:
  void add(const std::filesystem::path& shard, const TarIndex& index, size_t samples);
  void add_oddities(const ShardOddities& oddities);
  void add_refusal(const std::filesystem::path& shard, const std::string& refusal);
  /// Compares with sizes.json or __len__ beside the shards.
  void compare_sizes(const std::vector<std::filesystem::path>& shards,
                     const std::vector<size_t>& sizes);
  /// Logs one line per kind of finding, with examples by name.
  void tell() const;

 private:
  struct Finding {
    uint64_t count = 0;
    std::vector<std::string> examples = {};
  };
  void note(const std::string& what, const std::string& example, uint64_t count = 1);

  std::map<std::string, Finding> findings_;
};

}  // namespace tandem
