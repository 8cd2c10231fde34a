#include "data/shards/shard_set.h"

#include <algorithm>

#include <fmt/format.h>

#include "data/files/shard_list.h"
#include "data/shards/pipe_spool.h"
#include "data/shards/shard_report.h"
#include "data/stream/parallel.h"
#include "tandem/core/error.h"
#include "tandem/core/files.h"
#include "tandem/core/hash.h"

namespace tandem {
namespace fs = std::filesystem;
namespace {

constexpr int64_t kFetchesAtOnce = 4;

struct Opened {
  TarIndex index = {};
  std::string refusal = {};
};

Opened open_shard(const fs::path& path) {
  SavedIndex saved = load_index(path);
  if (saved.index) return {.index = *std::move(saved.index)};
  return {.index = scan_tar(path, false), .refusal = std::move(saved.refusal)};
}

[[noreturn]] void refuse_pipe(const std::string& entry) {
  throw Error(ErrorKind::kConfig,
              {.what = "a shard is the output of a command, which is not allowed",
               .where = entry,
               .hint = "data.allow_pipes=true and data.pipe_cache=DIR, if you trust the command"});
}

}  // namespace

std::vector<fs::path> shard_paths(const SourceOptions& options, const SourceContext& context) {
  const std::vector<std::string> entries = expand_shards(options.path);
  for (const std::string& entry : entries)
    if (entry.starts_with(kPipePrefix) && !context.allow_pipes) refuse_pipe(entry);
  std::vector<fs::path> paths(entries.size());
  parallel_for(static_cast<int64_t>(entries.size()), kFetchesAtOnce, [&](int64_t i) {
    const std::string& entry = entries[static_cast<size_t>(i)];
    paths[static_cast<size_t>(i)] =
        entry.starts_with(kPipePrefix)
            ? spool_pipe(entry.substr(kPipePrefix.size()), context.pipe_cache)
            : fs::path(entry);
  });
  return paths;
}

ShardSet::ShardSet(const SourceOptions& options, const SourceContext& context) {
  const std::vector<fs::path> paths = shard_paths(options, context);
  const auto count = static_cast<int64_t>(paths.size());
  samples_.resize(paths.size());
  std::vector<FileStamp> stamps(paths.size());
  std::mutex mutex;
  ShardReport report;
  parallel_for(count, 0, [&](int64_t i) {
    const auto at = static_cast<size_t>(i);
    const Opened opened = open_shard(paths[at]);
    ShardOddities oddities;
    samples_[at] = group_members(opened.index, oddities);
    stamps[at] = opened.index.stamp;
    const std::lock_guard lock(mutex);
    report.add(paths[at], opened.index, samples_[at].size());
    report.add_oddities(oddities);
    if (!opened.refusal.empty()) report.add_refusal(paths[at], opened.refusal);
  });
  std::vector<size_t> sizes;
  for (const ShardSamples& samples : samples_) {
    sizes.push_back(samples.size());
    ends_.push_back(samples.size() + (ends_.empty() ? 0 : ends_.back()));
  }
  report.compare_sizes(paths, sizes);
  report.tell();
  files_ = std::make_unique<ShardFiles>(paths, std::move(stamps));
  if (size() > 0) return;
  throw Error(ErrorKind::kData, {.what = "no samples in the shards",
                                 .where = options.path,
                                 .expected = "members such as 000000.jpg and 000000.txt",
                                 .found = fmt::format("{} shards, the first is {}", paths.size(),
                                                      paths[0].string())});
}

ShardPlace ShardSet::locate(int64_t index) const {
  const auto wanted = static_cast<uint64_t>(index);
  const auto shard = std::upper_bound(ends_.begin(), ends_.end(), wanted) - ends_.begin();
  const uint64_t begin = shard == 0 ? 0 : ends_[static_cast<size_t>(shard) - 1];
  return {.shard = static_cast<size_t>(shard), .sample = wanted - begin};
}

std::string ShardSet::read(const ShardPlace& place, ShardPart part) const {
  const PartPlace where = samples_[place.shard].part(place.sample, part);
  std::string bytes = files_->read(place.shard, where.offset(), where.size);
  if (where.check != 0 && static_cast<uint32_t>(hash_bytes(bytes)) != where.check) {
    throw Error(ErrorKind::kData, {.what = "the shard changed after its index was written",
                                   .where = path(place.shard).string(),
                                   .hint = "fetch the shard again",
                                   .reason = "damaged member"});
  }
  return bytes;
}

std::string ShardSet::hash() const {
  std::string text;
  for (size_t shard = 0; shard < samples_.size(); ++shard)
    text += path(shard).filename().string() + '\n' + samples_[shard].hash() + '\n';
  return content_hash(text);
}

}  // namespace tandem
