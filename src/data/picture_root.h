#pragma once

#include <filesystem>
#include <string_view>

namespace tandem {

/// The folder that picture paths start from, and the guard that keeps them inside it.
class PictureRoot {
 public:
  /// Throws kMissingInput when `folder` is not a folder.
  PictureRoot(const std::filesystem::path& folder, bool allow_outside);

  /// Returns the file that `written` names: relative to the folder, or absolute. Throws
  /// UnusableSample: the path leads out of the folder (as written, or through a link), or the file
  /// is missing, out of reach or not a regular one. Nothing is opened. Thread-safe.
  [[nodiscard]] std::filesystem::path locate(std::string_view written) const;
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

 private:
  void check_as_written(const std::filesystem::path& path, std::string_view written) const;

  std::filesystem::path folder_;     ///< Absolute and normal, links as written.
  std::filesystem::path canonical_;  ///< Links resolved.
  bool allow_outside_;
};

}  // namespace tandem
