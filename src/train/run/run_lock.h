#pragma once

#include <filesystem>
#include <string>

namespace tandem {

enum class LockKind {
  kAdvisory,  ///< flock, which ends with the process. Falls back on kFile where there is none.
  kFile,      ///< The bare existence of a file, for file systems without flock.
};

/// Keeps other processes out of a folder while it lives, by `run.lock` in it. The file says who
/// holds it: pid, host, start time.
class RunLock {
 public:
  /// Throws kCannotCreate when the file cannot be made or another process holds the lock; the
  /// message names it. A lock whose process is gone is taken over, with a log line; so is a kFile
  /// lock that has named nobody for a minute.
  explicit RunLock(const std::filesystem::path& folder, LockKind kind = LockKind::kAdvisory);
  ~RunLock();
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

  /// Whether the file is still the one that was locked: not when the folder was removed, moved or
  /// replaced.
  [[nodiscard]] bool is_intact() const;
  /// Removes the file, for a folder that goes as well.
  void remove() const noexcept;

 private:
  void lock();
  void lock_by_file();
  void sign();

  std::filesystem::path file_;
  int descriptor_ = -1;
  bool is_file_lock_ = false;
};

}  // namespace tandem
