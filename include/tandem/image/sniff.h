#pragma once

#include <filesystem>
#include <string>

#include "tandem/image/image.h"

namespace tandem {

/// Whether the name ends as files of the accepted formats do: .jpg, .jpeg, .jpe, .jfif, .png, .webp
/// or .bmp, in upper or lower case. Such a file is taken for an image without a look into it.
[[nodiscard]] bool has_picture_extension(const std::filesystem::path& path);

/// Returns what the first bytes of a file say, whatever its name; at most 4096 bytes are read.
/// Width and height are 0 where they are written further in. `found` also says why nothing can be
/// read ("a folder", "Permission denied"). Does not wait for pipes. Never throws. Thread-safe.
[[nodiscard]] ImageHeader sniff_file(const std::filesystem::path& path);

/// Returns the content of an image's file. One of more than a megabyte is first judged by its
/// beginning: throws kData without reading the rest when that is no image, or when the file is
/// longer than any image of that size (8 bytes for each pixel and 64 MiB for other data; 2 GiB at
/// most). Throws kMissingInput and kIo as read_file. Thread-safe.
[[nodiscard]] std::string read_image_file(const std::filesystem::path& path);

}  // namespace tandem
