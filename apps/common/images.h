#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "tandem/core/error.h"

namespace tandem::apps {

/// Declares --allow-outside-root, which every program that reads images has.
void add_outside_root_option(CLI::App& app, bool& allow_outside_root);

/// Returns the images that `arguments` name, in their order: a file stands for itself, a folder
/// for every image that walk_pictures finds below it, and `-` for the names on standard input
/// (one per line, or NUL-separated). A named file need not exist: that shows when it is read. What
/// is left out of a folder is counted in one line. Throws kMissingInput for a folder that cannot be
/// listed, and kData when no image comes of it all.
[[nodiscard]] std::vector<std::filesystem::path> list_images(
    const std::vector<std::string>& arguments, bool allow_outside_root);

/// What invalid images make of the exit code: 66 when all of them are only missing, 65 when one
/// is damaged.
class Failures {
 public:
  void add(const Error& error) {
    ++count_;
    if (error.kind() != ErrorKind::kMissingInput) kind_ = ErrorKind::kData;
  }
  [[nodiscard]] size_t count() const { return count_; }
  [[nodiscard]] int code() const { return count_ == 0 ? 0 : exit_code(kind_); }

 private:
  size_t count_ = 0;
  ErrorKind kind_ = ErrorKind::kMissingInput;
};

}  // namespace tandem::apps
