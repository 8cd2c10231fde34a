#include "tandem/train/checkpoint.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tandem/core/error.h"
#include "tandem/core/files.h"
#include "tandem/core/library_error.h"
#include "train/run/checkpoint_folder.h"
#include "train/run/manifest.h"
#include "train/run/run_directory.h"

namespace tandem {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kTaskState = "task.safetensors";

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

std::string write_text(const fs::path& path, const std::string& text) {
  FileWriter writer(path);
  writer.write(text);
  writer.commit();
  return writer.hash();
}

std::string state_text(const Checkpoint& checkpoint) {
  const NumericsState& numerics = checkpoint.numerics;
  Json state = {{"step", checkpoint.step},
                {"stream_position", checkpoint.stream_position},
                {"optimizer", "adamw"},
                {"optimizer_steps", checkpoint.optimizer_steps},
                {"data_fingerprint", checkpoint.data_fingerprint},
                {"tokenizer_fingerprint", checkpoint.tokenizer_fingerprint},
                {"skipped_steps", numerics.skipped_steps},
                {"bad_in_a_row", numerics.bad_in_a_row},
                {"rollbacks", numerics.rollbacks},
                {"recent_losses", numerics.recent_losses}};
  if (checkpoint.best) {
    state["best"] = {{"metric", checkpoint.best->metric},
                     {"value", checkpoint.best->value},
                     {"step", checkpoint.best->step}};
  }
  return state.dump(2) + "\n";
}

NumericsState read_numerics(const Json& state) {
  return {.skipped_steps = state.value("skipped_steps", int64_t{0}),
          .bad_in_a_row = state.value("bad_in_a_row", int64_t{0}),
          .rollbacks = state.value("rollbacks", int64_t{0}),
          .recent_losses = state.value("recent_losses", std::vector<double>{})};
}

void require_adamw(const Json& state, const fs::path& directory) {
  const std::string name = state.value("optimizer", "adamw");
  if (name == "adamw") return;
  throw Error(ErrorKind::kCheckpoint, {.what = "checkpoint has the state of an unknown optimizer",
                                       .where = directory.string(),
                                       .expected = "adamw",
                                       .found = name,
                                       .hint = "the version of tandem that wrote it"});
}

void read_state(const fs::path& directory, Checkpoint& checkpoint) {
  try {
    const Json state = Json::parse(read_file(directory / "state.json"));
    require_adamw(state, directory);
    checkpoint.step = state.at("step").get<int64_t>();
    checkpoint.stream_position = state.at("stream_position").get<uint64_t>();
    checkpoint.optimizer_steps = state.at("optimizer_steps").get<int64_t>();
    checkpoint.data_fingerprint = state.at("data_fingerprint").get<std::string>();
    checkpoint.tokenizer_fingerprint = state.at("tokenizer_fingerprint").get<std::string>();
    checkpoint.numerics = read_numerics(state);
    if (state.contains("best")) {
      const Json& best = state["best"];
      checkpoint.best = BestEvaluation{.metric = best.at("metric").get<std::string>(),
                                       .value = best.at("value").get<double>(),
                                       .step = best.at("step").get<int64_t>()};
    }
  } catch (const Json::exception& error) {
    throw Error(ErrorKind::kCheckpoint, {.what = "state.json does not hold a training state",
                                         .where = directory.string(),
                                         .found = library_error(error).what()});
  }
}

void write_files(const fs::path& directory, const Checkpoint& checkpoint) {
  FileHashes hashes;
  hashes["model.safetensors"] =
      save_safetensors(directory / "model.safetensors", checkpoint.weights);
  hashes["optimizer.safetensors"] =
      save_safetensors(directory / "optimizer.safetensors", checkpoint.optimizer);
  if (!checkpoint.task_state.empty())
    hashes[kTaskState] = save_safetensors(directory / kTaskState, checkpoint.task_state);
  hashes["config.json"] = write_text(directory / "config.json", checkpoint.config_json);
  hashes["state.json"] = write_text(directory / "state.json", state_text(checkpoint));
  write_manifest(directory, hashes);
}

// The newest checkpoint in a run directory, in its folder of checkpoints, or beside `path`.
std::string one_nearby(const fs::path& path) {
  const fs::path plain = plain_path(path);
  for (const fs::path& folder : {plain, RunDirectory::checkpoints_of(plain), plain.parent_path()}) {
    const auto steps = list_checkpoint_steps(folder);
    if (!steps.empty()) return checkpoint_path(folder, steps.front()).string();
  }
  return {};
}

void require_checkpoint_folder(const fs::path& path) {
  std::error_code error;
  const bool is_folder = fs::is_directory(path, error);
  const bool is_there = is_folder || fs::exists(path, error);
  // Without its manifest, a folder of this name is a damaged checkpoint.
  if (is_folder && (has_checkpoint_name(path) || has_manifest(path))) return;
  throw Error(is_there ? ErrorKind::kCheckpoint : ErrorKind::kMissingInput,
              {.what = "no checkpoint here",
               .where = path.empty() ? "an empty path" : path.string(),
               .expected = "a folder step-NNNNNNNN",
               .found = !is_there   ? "nothing"
                        : is_folder ? "another folder"
                                    : "a file",
               .hint = path.empty() ? "" : one_nearby(path)});
}

void verify(const fs::path& directory) {
  const auto damage = find_damage(directory);
  if (!damage) return;
  set_aside(directory, *damage);
  throw Error(ErrorKind::kIo,
              {.what = "a checkpoint was not read back as it was written; older ones stay",
               .where = directory.string(),
               .found = *damage,
               .hint = "another run.output_dir, or a check of that disk",
               .reason = "write error"});
}

}  // namespace

fs::path save_checkpoint(const fs::path& folder, const Checkpoint& checkpoint,
                         const Retention& retention) {
  require_finite(checkpoint.weights, checkpoint.step);
  require_finite(checkpoint.optimizer, checkpoint.step);
  require_finite(checkpoint.task_state, checkpoint.step);
  // Never more than the last folder: a run directory that was moved away must not come back empty.
  if (folder.has_parent_path() && !fs::is_directory(folder.parent_path())) {
    throw Error(ErrorKind::kIo, {.what = "the folder of the run is gone",
                                 .where = folder.parent_path().string(),
                                 .reason = "run directory gone"});
  }
  tandem::create_directories(folder);
  require_free_space(folder, bytes_of(checkpoint.weights) + bytes_of(checkpoint.optimizer) +
                                 bytes_of(checkpoint.task_state));

  const fs::path target = checkpoint_path(folder, checkpoint.step);
  AtomicDirectory directory(target);
  write_files(directory.path(), checkpoint);
  directory.commit();
  verify(target);
  write_file_atomically(folder / "latest", target.filename().string() + "\n");
  remove_older(folder, checkpoint, retention);
  return target;
}

Checkpoint load_checkpoint(const fs::path& directory) {
  require_checkpoint_folder(directory);
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
  if (fs::exists(directory / kTaskState))
    checkpoint.task_state = load_safetensors(directory / kTaskState).tensors;
  return checkpoint;
}

}  // namespace tandem
