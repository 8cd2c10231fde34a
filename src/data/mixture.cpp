#include "data/mixture.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "data/files/shard_list.h"
#include "tandem/config/load.h"
#include "tandem/core/error.h"
#include "tandem/core/files.h"

namespace tandem {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::json;

constexpr uint64_t kMaxFileBytes = uint64_t{16} << 20;
constexpr double kMaxWeight = 1e100;                // the sum of all stays finite
constexpr int64_t kMaxSamples = 1'000'000'000'000;  // double shares them out exactly

[[noreturn]] void fail(const std::string& where, std::string what, std::string expected = {}) {
  throw Error(ErrorKind::kConfig,
              {.what = std::move(what), .where = where, .expected = std::move(expected)});
}

void refuse_other_keys(const Json& object, const std::vector<std::string>& known,
                       const std::string& where) {
  for (const auto& [key, value] : object.items())
    if (std::find(known.begin(), known.end(), key) == known.end())
      fail(where, fmt::format("unknown key \"{}\"", key), known[0] + " or " + known[1]);
}

std::string from_folder(const fs::path& folder, const std::string& path) {
  if (path.empty() || path.starts_with(kPipePrefix) || path[0] == '/') return path;
  return (folder / path).string();
}

/// Puts the folder in front of every part of a path that may be a list of shards.
std::string list_from_folder(const fs::path& folder, std::string_view list) {
  std::string result;
  while (true) {
    const size_t at = list.find("::");
    result += from_folder(folder, std::string(list.substr(0, at)));
    if (at == std::string_view::npos) return result;
    result += "::";
    list.remove_prefix(at + 2);
  }
}

MixtureEntry read_entry(const Json& value, const std::string& where, const fs::path& folder) {
  if (!value.is_object()) fail(where, "wrong type", "an object with weight and source");
  refuse_other_keys(value, {"weight", "source"}, where);
  if (!value.contains("source")) fail(where, "no key \"source\"", "a source such as data.train");
  MixtureEntry entry{.source = parse_source(value["source"].dump(), where + ".source")};
  if (entry.source.kind == SourceKind::kNone) fail(where + ".source", "kind none has no samples");
  const bool is_list =
      entry.source.kind == SourceKind::kWds || entry.source.kind == SourceKind::kParquet;
  entry.source.path = is_list ? list_from_folder(folder, entry.source.path)
                              : from_folder(folder, entry.source.path);
  entry.source.image_root = from_folder(folder, entry.source.image_root);
  entry.source.class_names = from_folder(folder, entry.source.class_names);
  if (!value.contains("weight")) return entry;
  const Json& weight = value["weight"];
  if (!weight.is_number() || !(weight.get<double>() > 0) || weight.get<double>() > kMaxWeight)
    fail(where + ".weight", "invalid weight", "a number above 0, at most 1e100");
  entry.weight = weight.get<double>();
  return entry;
}

}  // namespace

MixtureFile read_mixture(const fs::path& path) {
  const std::string name = path.string();
  const std::string text = read_file(path, kMaxFileBytes);
  check_json(text, name);
  Json root;
  try {
    root = Json::parse(text);
  } catch (const Json::parse_error& error) {
    throw Error(ErrorKind::kData, {.what = "not valid JSON",
                                   .where = name,
                                   .found = fmt::format("an error at byte {}", error.byte)});
  } catch (const Json::out_of_range&) {
    throw Error(ErrorKind::kData,
                {.what = "not valid JSON", .where = name, .found = "an infinite number"});
  }
  if (!root.is_object()) fail(name, "wrong type", "an object with the list \"sources\"");
  refuse_other_keys(root, {"sources", "samples_per_epoch"}, name);
  if (!root.contains("sources") || !root["sources"].is_array() || root["sources"].empty())
    fail(name, "no sources", "a list \"sources\" of at least one");
  MixtureFile file;
  for (size_t i = 0; i < root["sources"].size(); ++i)
    file.entries.push_back(read_entry(root["sources"][i], fmt::format("{}, sources[{}]", name, i),
                                      fs::absolute(path).parent_path()));
  if (root.contains("samples_per_epoch")) {
    const Json& samples = root["samples_per_epoch"];
    if (!samples.is_number_integer() || samples.get<int64_t>() < 1 ||
        samples.get<int64_t>() > kMaxSamples)
      fail(name + ", samples_per_epoch", "out of range", "a whole number from 1 to 10^12");
    file.samples_per_epoch = samples.get<int64_t>();
  }
  return file;
}

std::vector<int64_t> share_out(int64_t total, const std::vector<double>& weights) {
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  std::vector<int64_t> counts;
  std::vector<double> remainders;
  for (const double weight : weights) {
    const double exact = static_cast<double>(total) * (weight / sum);
    counts.push_back(static_cast<int64_t>(exact));
    remainders.push_back(exact - std::floor(exact));
  }
  std::vector<size_t> order(weights.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return remainders[a] > remainders[b]; });
  int64_t missing = total - std::accumulate(counts.begin(), counts.end(), int64_t{0});
  for (size_t i = 0; missing > 0; i = (i + 1) % order.size(), --missing) ++counts[order[i]];
  for (size_t i = 0; missing < 0; i = (i + 1) % order.size()) {
    if (counts[order[i]] == 0) continue;
    --counts[order[i]];
    ++missing;
  }
  return counts;
}

}  // namespace tandem
