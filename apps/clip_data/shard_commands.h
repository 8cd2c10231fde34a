#pragma once

#include <cstdint>
#include <string>

#include "clip_data/arguments.h"

namespace tandem::apps {

/// Writes an index beside every shard of a source of kind wds.
[[nodiscard]] int run_index(const DataArguments& arguments);

struct ShardArguments {
  DataArguments data;
  std::string output;
  int64_t max_samples = 10000;
  int64_t max_mb = 1024;
};

/// Packs a source into tar shards. Returns 65 when some samples could not be used.
[[nodiscard]] int run_shard(const ShardArguments& arguments);

}  // namespace tandem::apps
