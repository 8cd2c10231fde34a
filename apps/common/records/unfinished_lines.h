#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tandem/core/files.h"

namespace tandem::apps {

/// The lines of a file that a program writes one by one. A program that was stopped reads them
/// again and makes only the missing ones.
class UnfinishedLines {
 public:
  /// Opens the file or begins it. `identity`, one line, names everything that the lines follow
  /// from. At most `most` lines are kept, and of a half-written last one nothing. Throws kUsage
  /// when the file belongs to another identity, kCannotCreate and kIo.
  UnfinishedLines(const std::filesystem::path& path, const std::string& identity, size_t most);

  /// The lines so far, each with its line end.
  [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }
  /// Appends a line, which ends with a line end. Throws kIo.
  void add(const std::string& line);

 private:
  std::vector<std::string> lines_;
  std::optional<AppendFile> file_;
};

}  // namespace tandem::apps
