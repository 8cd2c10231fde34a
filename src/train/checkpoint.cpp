#include "tandem/train/checkpoint.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tandem/core/error.h"
#include "tandem/core/files.h"
#include "tandem/core/log.h"
#include "train/manifest.h"

namespace tandem {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kPrefix = "step-";
constexpr size_t kDigits = 8;

// The step of a checkpoint's folder name, -1 for any other name.
int64_t step_of(const fs::path& path) {
  const std::string name = path.filename().string();
  if (!name.starts_with(kPrefix)) return -1;
  const std::string digits = name.substr(kPrefix.size());
  const bool numeric = digits.size() >= kDigits && digits.size() <= 18 &&
                       std::all_of(digits.begin(), digits.end(), ::isdigit);
  return numeric ? std::stoll(digits) : -1;
}

// Checkpoints of `folder`, newest first by step: clocks and modification times are not to be
// trusted.
std::vector<fs::path> list_checkpoints(const fs::path& folder) {
  std::vector<fs::path> paths;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (entry.is_directory() && step_of(entry.path()) >= 0) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end(),
            [](const fs::path& a, const fs::path& b) { return step_of(a) > step_of(b); });
  return paths;
}

uint64_t bytes_of(const TensorMap& tensors) {
  uint64_t bytes = 0;
  for (const auto& [name, tensor] : tensors) bytes += tensor.nbytes();
  return bytes;
}

void require_finite(const TensorMap& tensors, int64_t step) {
  for (const auto& [name, tensor] : tensors) {
    if (!tensor.is_floating_point() || torch::isfinite(tensor).all().item<bool>()) continue;
    throw Error(ErrorKind::kDiverged,
                {.what = fmt::format("{} holds numbers that are not finite at step {}; no "
                                     "checkpoint was written, older ones stay",
                                     name, step),
                 .hint = "a lower optim.lr, or optim.grad_clip_norm = 1"});
  }
}

void write_text(const fs::path& path, const std::string& text) {
  FileWriter writer(path);
  writer.write(text);
  writer.commit();
}

std::string state_text(const Checkpoint& checkpoint) {
  const Json state = {{"step", checkpoint.step},
                      {"stream_position", checkpoint.stream_position},
                      {"optimizer", "adamw"},
                      {"optimizer_steps", checkpoint.optimizer_steps},
                      {"data_fingerprint", checkpoint.data_fingerprint},
                      {"tokenizer_fingerprint", checkpoint.tokenizer_fingerprint}};
  return state.dump(2) + "\n";
}

void read_state(const fs::path& directory, Checkpoint& checkpoint) {
  try {
    const Json state = Json::parse(read_file(directory / "state.json"));
    checkpoint.step = state.at("step").get<int64_t>();
    checkpoint.stream_position = state.at("stream_position").get<uint64_t>();
    checkpoint.optimizer_steps = state.at("optimizer_steps").get<int64_t>();
    checkpoint.data_fingerprint = state.at("data_fingerprint").get<std::string>();
    checkpoint.tokenizer_fingerprint = state.at("tokenizer_fingerprint").get<std::string>();
  } catch (const Json::exception& error) {
    throw Error(ErrorKind::kCheckpoint, {.what = "state.json does not hold a training state",
                                         .where = directory.string(),
                                         .found = error.what()});
  }
}

void remove_older(const fs::path& folder, int64_t keep_last) {
  const std::vector<fs::path> all = list_checkpoints(folder);
  for (size_t i = static_cast<size_t>(std::max<int64_t>(keep_last, 1)); i < all.size(); ++i) {
    // Out of sight first: half a removal must not look like a damaged checkpoint.
    const fs::path doomed = fmt::format("{}.tmp-{}", all[i].string(), ::getpid());
    std::error_code error;
    fs::rename(all[i], doomed, error);
    if (!error) fs::remove_all(doomed, error);
    if (error)
      log_warn(fmt::format("old checkpoint {} could not be removed: {}", all[i].string(),
                           error.message()));
  }
}

bool is_dead(const std::string& process) {
  const bool numeric = !process.empty() && process.size() <= 9 &&
                       std::all_of(process.begin(), process.end(), ::isdigit);
  return numeric && ::kill(std::stoi(process), 0) != 0 && errno == ESRCH;
}

// Clears away what a killed process left: half-written folders, and folders that were stepping
// aside for a new one of the same step, which come back if that one never arrived.
void clean_up(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) entries.push_back(entry.path());
  for (const fs::path& path : entries) {
    const std::string name = path.filename().string();
    for (const std::string_view mark : {".tmp-", ".old-"}) {
      const size_t at = name.find(mark);
      if (at == std::string::npos || !is_dead(name.substr(at + mark.size()))) continue;
      const fs::path target = folder / name.substr(0, at);
      if (mark == ".old-" && !fs::exists(target)) {
        fs::rename(path, target, error);
      } else {
        fs::remove_all(path, error);
      }
    }
  }
}

void set_aside(const fs::path& path, const std::string& damage) {
  fs::path target = path.string() + ".damaged";
  for (int n = 2; fs::exists(target); ++n) target = fmt::format("{}.{}.damaged", path.string(), n);
  std::error_code error;
  fs::rename(path, target, error);
  log_warn(fmt::format("checkpoint {} is damaged ({}); {}", path.string(), damage,
                       error ? "it is passed over" : "set aside as " + target.string()));
}

}  // namespace

fs::path save_checkpoint(const fs::path& folder, const Checkpoint& checkpoint, int64_t keep_last) {
  require_finite(checkpoint.weights, checkpoint.step);
  require_finite(checkpoint.optimizer, checkpoint.step);
  tandem::create_directories(folder);
  require_free_space(folder, bytes_of(checkpoint.weights) + bytes_of(checkpoint.optimizer));

  const fs::path target = folder / fmt::format("{}{:0{}}", kPrefix, checkpoint.step, kDigits);
  AtomicDirectory directory(target);
  save_safetensors(directory.path() / "model.safetensors", checkpoint.weights);
  save_safetensors(directory.path() / "optimizer.safetensors", checkpoint.optimizer);
  write_text(directory.path() / "config.json", checkpoint.config_json);
  write_text(directory.path() / "state.json", state_text(checkpoint));
  write_manifest(directory.path());
  directory.commit();

  write_file_atomically(folder / "latest", target.filename().string() + "\n");
  remove_older(folder, keep_last);
  return target;
}

Checkpoint load_checkpoint(const fs::path& directory) {
  if (!fs::is_directory(directory)) {
    throw Error(ErrorKind::kCheckpoint, {.what = "is not a checkpoint folder",
                                         .where = directory.string(),
                                         .hint = "a folder such as checkpoints/step-00001000"});
  }
  if (const auto damage = find_damage(directory)) {
    throw Error(ErrorKind::kCheckpoint, {.what = "checkpoint is damaged",
                                         .where = directory.string(),
                                         .found = *damage,
                                         .hint = "the checkpoint before it"});
  }
  Checkpoint checkpoint;
  read_state(directory, checkpoint);
  checkpoint.config_json = read_file(directory / "config.json");
  checkpoint.weights = load_safetensors(directory / "model.safetensors").tensors;
  checkpoint.optimizer = load_safetensors(directory / "optimizer.safetensors").tensors;
  return checkpoint;
}

std::optional<fs::path> find_latest_checkpoint(const fs::path& folder) {
  clean_up(folder);
  for (const fs::path& path : list_checkpoints(folder)) {
    const auto damage = find_damage(path);
    if (!damage) return path;
    set_aside(path, *damage);
  }
  return std::nullopt;
}

}  // namespace tandem
