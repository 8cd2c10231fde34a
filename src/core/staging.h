#pragma once

#include <filesystem>
#include <functional>
#include <mutex>
#include <vector>

namespace tandem {

/// Where what will be `target` is made; the process id tells whose it is.
[[nodiscard]] std::filesystem::path staging_name(const std::filesystem::path& target);

/// Says that `path` is half-written for as long as this object lives: remove_staging (core/files.h)
/// removes it. Thread-safe.
class StagingMark {
 public:
  explicit StagingMark(std::filesystem::path path);
  /// Marks what `create` creates and returns, before remove_staging or not at all.
  explicit StagingMark(const std::function<std::filesystem::path()>& create);
  ~StagingMark();
  StagingMark(const StagingMark&) = delete;
  StagingMark& operator=(const StagingMark&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Held while something half-written is created or gets its name: remove_staging comes before or
/// after.
[[nodiscard]] std::unique_lock<std::mutex> lock_staging();

/// Returns the paths in `folder`, in no order; those before the failure where it cannot be listed.
[[nodiscard]] std::vector<std::filesystem::path> entries_of(const std::filesystem::path& folder);

/// Clears away what killed processes left in `folder`: what was half-written goes; what was
/// stepping aside for a new one comes back if that never arrived.
void clear_leftovers(const std::filesystem::path& folder);

}  // namespace tandem
