#include <map>
#include <set>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/files/utf8.h"
#include "tandem/core/error.h"
#include "tandem/core/files.h"
#include "tandem/core/json_depth.h"
#include "tandem/io/safetensors.h"
#include "tandem/io/torch_pickle.h"

namespace tandem {
namespace {

constexpr uint64_t kMaxIndexBytes = uint64_t{100} << 20;

[[noreturn]] void reject(const std::filesystem::path& index, const std::string& what) {
  throw Error(ErrorKind::kCheckpoint, {.what = what, .where = index.string()});
}

// {shard: names of its tensors}. A shard is a file beside the index, never elsewhere.
std::map<std::string, std::set<std::string>> read_index(const std::filesystem::path& index,
                                                        std::string_view extension) {
  const std::string text = read_file(index, kMaxIndexBytes);
  check_json_depth(text, index.string(), ErrorKind::kCheckpoint);
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("weight_map") || !json["weight_map"].is_object())
    reject(index, "the index has no weight_map");
  std::map<std::string, std::set<std::string>> shards;
  for (const auto& [name, value] : json["weight_map"].items()) {
    const std::string shard = value.is_string() ? value.get<std::string>() : "";
    const bool plain = !shard.empty() && shard.find_first_of("/\\") == std::string::npos &&
                       shard.find('\0') == std::string::npos && shard.ends_with(extension);
    if (!plain)
      reject(index, fmt::format("tensor {} is in {}, which is not a {} file beside the index",
                                in_quotes(name), in_quotes(shard), extension));
    shards[shard].insert(name);
  }
  return shards;
}

template <typename Load>
TensorMap load_shards(const std::filesystem::path& index, std::string_view extension, Load load) {
  TensorMap result;
  for (const auto& [shard, names] : read_index(index, extension)) {
    TensorMap tensors = load(index.parent_path() / shard);
    for (const std::string& name : names) {
      if (!tensors.contains(name))
        reject(index, fmt::format("tensor {} is not in {}", in_quotes(name), in_quotes(shard)));
    }
    for (auto& [name, tensor] : tensors) {
      if (!names.contains(name))
        reject(index, fmt::format("{} has tensor {}, which the index does not list for it",
                                  in_quotes(shard), in_quotes(name)));
      result.emplace(name, std::move(tensor));
    }
  }
  return result;
}

}  // namespace

TensorMap load_sharded_safetensors(const std::filesystem::path& index) {
  return load_shards(index, ".safetensors",
                     [](const auto& shard) { return load_safetensors(shard).tensors; });
}

TensorMap load_sharded_torch_pickle(const std::filesystem::path& index) {
  return load_shards(index, ".bin",
                     [](const auto& shard) { return load_torch_pickle(shard).tensors; });
}

}  // namespace tandem
