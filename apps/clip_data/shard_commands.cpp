#include "clip_data/shard_commands.h"

#include <fmt/format.h>

#include "common/text_io.h"
#include "tandem/config/load.h"
#include "tandem/core/error.h"
#include "tandem/data/shards.h"

namespace tandem::apps {

int run_index(const DataArguments& arguments) {
  const RunConfig config = load_run_config(arguments.config, arguments.overrides);
  const auto shards = index_shards(chosen_source(config, arguments),
                                   source_context(config.data, config.model.image.image_size));
  write_note(fmt::format("{} shards indexed\n", shards.size()));
  return 0;
}

int run_shard(const ShardArguments& arguments) {
  const RunData data = open_data(arguments.data);
  const ShardSummary summary =
      write_shards(*data.source, arguments.output,
                   {.max_samples = arguments.max_samples,
                    .max_bytes = arguments.max_mb << 20,
                    .caption_key = chosen_source(data.config, arguments.data).caption_key,
                    .threads = data.config.data.loader_threads});
  uint64_t left_out = 0;
  for (const auto& [reason, count] : summary.left_out) {
    write_note(fmt::format("left out: {} {}\n", count, reason));
    left_out += count;
  }
  write_note(fmt::format("{} samples in {} shards in {}, {} left out\n", summary.samples,
                         summary.shards, arguments.output, left_out));
  return left_out == 0 ? 0 : exit_code(ErrorKind::kData);
}

}  // namespace tandem::apps
