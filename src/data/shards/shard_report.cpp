#include "data/shards/shard_report.h"

#include <numeric>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "tandem/core/error.h"
#include "tandem/core/files.h"
#include "tandem/core/json_depth.h"
#include "tandem/core/log.h"

namespace tandem {
namespace fs = std::filesystem;
namespace {

constexpr size_t kExamples = 3;
constexpr uint64_t kMaxCompanionBytes = uint64_t{64} << 20;

/// Content of a file beside the shards; null when it is not there or no JSON.
nlohmann::json companion(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error)) return nullptr;
  try {
    const std::string text = read_file(path, kMaxCompanionBytes);
    return is_too_deep_json(text) ? nullptr : nlohmann::json::parse(text, nullptr, false);
  } catch (const Error&) {
    return nullptr;
  }
}

}  // namespace

void ShardReport::note(const std::string& what, const std::string& example, uint64_t count) {
  Finding& finding = findings_[what];
  finding.count += count;
  if (finding.examples.size() < kExamples && !example.empty()) finding.examples.push_back(example);
}

void ShardReport::add(const fs::path& shard, const TarIndex& index, size_t samples) {
  if (!index.problem.empty())
    note("truncated or damaged shards, read up to that point",
         fmt::format("{}: {}", shard.string(), index.problem));
  if (samples == 0) {
    const bool empty = index.stamp.size == 0;
    note("shards without a sample",
         fmt::format("{} ({})", shard.string(), empty ? "0 bytes" : "no valid member"));
  }
  for (const auto& [reason, count] : index.ignored)
    note(fmt::format("members skipped ({})", reason), shard.string(), count);
}

void ShardReport::add_oddities(const ShardOddities& oddities) {
  for (const auto& [what, count] : oddities) note(fmt::format("members with {}", what), "", count);
}

void ShardReport::add_refusal(const fs::path& shard, const std::string& refusal) {
  note(fmt::format("{} shard indexes ignored; clip-data index rewrites them", refusal),
       index_path(shard).string());
}

void ShardReport::compare_sizes(const std::vector<fs::path>& shards,
                                const std::vector<size_t>& sizes) {
  const fs::path folder = shards[0].parent_path();
  const nlohmann::json counts = companion(folder / "sizes.json");
  for (size_t i = 0; i < shards.size() && counts.is_object(); ++i) {
    const auto found = counts.find(shards[i].filename().string());
    if (found == counts.end() || !found->is_number_unsigned()) continue;
    const auto expected = found->get<uint64_t>();
    if (expected == sizes[i]) continue;
    note("shards whose number of samples differs from sizes.json",
         fmt::format("{}: {} instead of {}", shards[i].string(), sizes[i], expected));
  }
  const nlohmann::json length = companion(folder / "__len__");
  const size_t total = std::accumulate(sizes.begin(), sizes.end(), size_t{0});
  if (length.is_number_unsigned() && length.get<uint64_t>() != total)
    note("shard folders whose number of samples differs from __len__",
         fmt::format("{}: {} instead of {}", folder.string(), total, length.get<uint64_t>()));
}

void ShardReport::tell() const {
  for (const auto& [what, finding] : findings_) {
    const std::string examples =
        finding.examples.empty()
            ? ""
            : fmt::format(" (for instance {})", fmt::join(finding.examples, "; "));
    log_warn(fmt::format("{} {}{}.", finding.count, what, examples));
  }
}

}  // namespace tandem
