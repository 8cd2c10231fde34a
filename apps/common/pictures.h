#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tandem::apps {

/// Returns the pictures that `arguments` name, in their order: a file stands for itself, a folder
/// for every .jpg, .jpeg, .png, .webp and .bmp below it, sorted by path, and `-` for the names on
/// standard input (one per line, or NUL-separated). A named file need not exist: that shows when it
/// is read. Inside a folder, hidden entries, links to folders, and what is no regular file (pipes,
/// sockets, broken and circular links) are passed over, the last with a warning, and so are
/// subfolders that cannot be listed. Throws kMissingInput for a folder in `arguments` that cannot
/// be listed, and kData when no picture comes of it all.
[[nodiscard]] std::vector<std::filesystem::path> list_pictures(
    const std::vector<std::string>& arguments);

}  // namespace tandem::apps
