#pragma once

#include <filesystem>
#include <optional>

#include "tandem/config/run_config.h"
#include "tandem/text/tokenizer.h"
#include "train/run/run_lock.h"

namespace tandem {

/// The folder of one run and the lock on it. Nobody else writes into the folder while this object
/// lives. Names of its files are given here and nowhere else. A folder that this object created
/// is removed with it until keep() is called: a start that fails leaves nothing there.
///
/// Of several processes that train together one writes the folder. On the others, whatever writes
/// asks is_written() and does nothing.
class RunDirectory {
 public:
  /// Where this process writes it, creates the folder, takes its lock and clears away what killed
  /// processes left in it. Throws kCannotCreate when it cannot be created or another process (which
  /// is named) trains in it.
  explicit RunDirectory(std::filesystem::path path, bool is_written = true);
  ~RunDirectory();
  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;

  /// Whether this process writes the folder.
  [[nodiscard]] bool is_written() const noexcept { return lock_.has_value(); }

  /// The start has succeeded: the folder stays.
  void keep() noexcept { is_kept_ = true; }

  /// Throws kIo when the folder is no longer the one that was locked: removed, moved or replaced
  /// while the run went on.
  void require_intact() const;

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  [[nodiscard]] std::filesystem::path checkpoints() const { return checkpoints_of(path_); }
  [[nodiscard]] std::filesystem::path model() const { return path_ / "model"; }
  [[nodiscard]] std::filesystem::path config() const { return path_ / "config.json"; }
  [[nodiscard]] std::filesystem::path log() const { return path_ / "train.log"; }
  [[nodiscard]] std::filesystem::path metrics() const { return path_ / "metrics.jsonl"; }
  /// Empty where this process does not write the folder.
  [[nodiscard]] std::filesystem::path bad_samples() const {
    return is_written() ? path_ / "bad_samples.jsonl" : std::filesystem::path();
  }

  /// Saves the resolved configuration, and the tokenizer under the name of its kind; no other stays
  /// beside it. Throws kCannotCreate and kIo.
  void save_inputs(const RunConfig& config, const Tokenizer& tokenizer) const;
  /// The tokenizer's file in the run directory `path`.
  [[nodiscard]] static std::filesystem::path tokenizer_of(const std::filesystem::path& path);

  /// The folder of the checkpoints of the run directory `path`.
  [[nodiscard]] static std::filesystem::path checkpoints_of(const std::filesystem::path& path) {
    return path / "checkpoints";
  }

 private:
  std::filesystem::path path_;
  std::filesystem::path found_;  // What was there of path_, by its nearest parent.
  bool is_kept_ = false;
  std::optional<RunLock> lock_;
};

/// Throws kCannotCreate when `path`, or its nearest parent where it is not there yet, is no folder
/// that can be written to. Leaves nothing there. Returns the one or the other.
std::filesystem::path require_writable(const std::filesystem::path& path);

}  // namespace tandem
