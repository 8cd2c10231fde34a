#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tandem/data/source.h"

namespace tandem {

struct ShardOptions {
  int64_t max_samples = 10000;           ///< Of one shard.
  int64_t max_bytes = int64_t{1} << 30;  ///< Of one shard, unless a single sample is larger.
  std::string caption_key = "title";     ///< Field of the captions in a sample's JSON.
  int64_t threads = 0;                   ///< Threads that read; 0 takes one per core.
};

struct ShardSummary {
  int64_t shards = 0;
  int64_t samples = 0;
  std::map<std::string, uint64_t> left_out = {};  ///< Invalid samples by reason.
};

/// Packs a source into WebDataset shards `00000.tar`, `00001.tar` … in a new folder, which appears
/// only when complete; the same source gives the same bytes. Sample i is called by its number in
/// nine digits: the image as stored (a drawn one as PNG,
/// that of seed 0), `.txt` with the first caption, `.json`
/// with all of them where there are several, `.cls` where there are classes. Beside the shards
/// stand sizes.json and, with classes, classes.txt. Throws kCannotCreate when the folder is there,
/// kIo, and kData when there is nothing to pack.
[[nodiscard]] ShardSummary write_shards(const Source& source, const std::filesystem::path& folder,
                                        const ShardOptions& options);

/// Writes `<shard>.idx` beside every shard of a source of kind wds, with the hash of each member,
/// and returns the shards. Throws as open_source, kCannotCreate and kIo.
[[nodiscard]] std::vector<std::filesystem::path> index_shards(const SourceOptions& options,
                                                              const SourceContext& context);

}  // namespace tandem
