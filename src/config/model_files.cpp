#include "config/model_files.h"

#include <algorithm>

#include "tandem/core/files.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

constexpr const char* kWeights = "model.safetensors";
constexpr const char* kLatest = "latest";

std::optional<fs::path> follow_latest(const fs::path& latest) {
  const std::string name = read_latest(latest);
  const bool plain = !name.empty() && fs::path(name).filename() == name && name != "..";
  const fs::path weights = latest.parent_path() / name / kWeights;
  return plain && fs::exists(weights) ? std::optional(weights) : std::nullopt;
}

}  // namespace

bool is_latest_file(const fs::path& path) {
  return path.filename() == kLatest && fs::is_regular_file(path);
}

std::string read_latest(const fs::path& path) {
  constexpr uint64_t kMaxNameBytes = 256;
  std::string name = read_file(path, kMaxNameBytes);
  name.erase(name.find_last_not_of(" \t\r\n") + 1);
  return name;
}

std::optional<fs::path> find_weights(const fs::path& place) {
  if (is_latest_file(place)) return follow_latest(place);
  if (fs::is_regular_file(place)) return place;
  for (const fs::path& each : {place / kWeights, place / "model" / kWeights})
    if (fs::exists(each)) return each;
  for (const fs::path& each : {place / kLatest, place / "checkpoints" / kLatest})
    if (is_latest_file(each)) return follow_latest(each);
  return std::nullopt;
}

std::optional<fs::path> find_model_tokenizer(const fs::path& directory) {
  const auto here = [&](const char* name) { return fs::exists(directory / name); };
  if (here("tokenizer.model")) return directory / "tokenizer.model";
  if (std::ranges::any_of(kForeignTokenizerFiles, here)) return directory;
  return std::nullopt;
}

}  // namespace tandem
