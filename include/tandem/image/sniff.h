#pragma once

#include <filesystem>

#include "tandem/image/image.h"

namespace tandem {

/// Whether the name ends as files of the accepted formats do: .jpg, .jpeg, .jpe, .jfif, .png, .webp
/// or .bmp, in upper or lower case. Such a file is taken for a picture without a look into it.
[[nodiscard]] bool has_picture_extension(const std::filesystem::path& path);

/// Returns what the first bytes of a file say, whatever its name; at most 4096 bytes are read.
/// Width and height are 0 where they are written further in. `found` also says why nothing can be
/// read ("a folder", "Permission denied"). Does not wait for pipes. Never throws. Thread-safe.
[[nodiscard]] ImageHeader sniff_file(const std::filesystem::path& path);

}  // namespace tandem
