#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace tandem::apps {

/// Declares --allow-outside-root, which every program that reads pictures has.
void add_outside_root_option(CLI::App& app, bool& allow_outside_root);

/// Returns the pictures that `arguments` name, in their order: a file stands for itself, a folder
/// for every picture that walk_pictures finds below it, and `-` for the names on standard input
/// (one per line, or NUL-separated). A named file need not exist: that shows when it is read. What
/// is left out of a folder is counted in one line. Throws kMissingInput for a folder that cannot be
/// listed, and kData when no picture comes of it all.
[[nodiscard]] std::vector<std::filesystem::path> list_pictures(
    const std::vector<std::string>& arguments, bool allow_outside_root);

}  // namespace tandem::apps
