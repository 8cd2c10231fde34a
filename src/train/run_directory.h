#pragma once

#include <filesystem>

#include "tandem/text/tokenizer.h"
#include "train/run_lock.h"

namespace tandem {

/// The folder of one run and the lock on it. Nobody else writes into the folder while this object
/// lives. Names of its files are given here and nowhere else.
class RunDirectory {
 public:
  /// Creates the folder, takes its lock and clears away what killed processes left in it. Throws
  /// kCannotCreate when it cannot be created or another process (which is named) trains in it.
  explicit RunDirectory(std::filesystem::path path);

  /// Throws kIo when the folder is no longer the one that was locked: removed, moved or replaced
  /// while the run went on.
  void require_intact() const;

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  [[nodiscard]] std::filesystem::path checkpoints() const { return path_ / "checkpoints"; }
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

 private:
  std::filesystem::path path_;
  RunLock lock_;
};

/// Throws kCannotCreate when `path` is there but no folder, or its nearest existing parent cannot
/// be written to. Changes nothing. Returns the nearest existing folder.
std::filesystem::path require_creatable(const std::filesystem::path& path);

}  // namespace tandem
