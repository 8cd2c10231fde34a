#pragma once

#include <filesystem>

#include "tandem/text/tokenizer.h"
#include "train/run_lock.h"

namespace tandem {

/// The folder of one run and the lock on it. Nobody else writes into the folder while this object
/// lives. Names of its files are given here and nowhere else. A folder that this object created
/// goes with it until keep() is called: a start that fails leaves nothing behind.
class RunDirectory {
 public:
  /// Creates the folder, takes its lock and clears away what killed processes left in it. Throws
  /// kCannotCreate when it cannot be created or another process (which is named) trains in it.
  explicit RunDirectory(std::filesystem::path path);
  ~RunDirectory();
  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;

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
  [[nodiscard]] std::filesystem::path bad_samples() const { return path_ / "bad_samples.jsonl"; }

  /// Saves the run's tokenizer under the name of its kind; no other stays beside it. Throws
  /// kCannotCreate and kIo.
  void save_tokenizer(const Tokenizer& tokenizer) const;
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
  RunLock lock_;
};

/// Throws kCannotCreate when `path`, or its nearest parent where it is not there yet, is no folder
/// that can be written to. Leaves nothing there. Returns the one or the other.
std::filesystem::path require_writable(const std::filesystem::path& path);

}  // namespace tandem
