#pragma once

#include <filesystem>
#include <string_view>

namespace tandem {

/// The folder that relative image paths start from, and the guard that keeps them inside it.
class PictureRoot {
 public:
  /// Throws kMissingInput when `folder` is not a folder.
  PictureRoot(const std::filesystem::path& folder, bool allow_outside);

  /// Returns the file that `written` names: relative to the folder, absolute, or from the user's
  /// home after `~/`. Throws, with the reason: a relative path leads out of the folder (as written,
  /// or through a link), or the file is missing, out of reach or not a regular one. Nothing is
  /// opened. Thread-safe.
  [[nodiscard]] std::filesystem::path locate(std::string_view written) const;
  /// Whether `real`, absolute and without links, lies in the folder.
  [[nodiscard]] bool contains(const std::filesystem::path& real) const;
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;     ///< Absolute and normal, links as written.
  std::filesystem::path canonical_;  ///< Links resolved.
  bool allow_outside_;
};

}  // namespace tandem
