#pragma once

#include <cstdint>
#include <memory>

#include "io/files/file_reader.h"

namespace tandem {

/// Returns the bytes of a file, paged in when they are first touched; writing to them changes the
/// memory only, not the file. The mapping lasts as long as the pointer or a copy of it. A file that
/// somebody else cuts short meanwhile ends the process: for files that are replaced, never changed.
/// Null for an empty file. Throws kIo when it cannot be mapped.
[[nodiscard]] std::shared_ptr<uint8_t> map_file(const FileReader& file);

}  // namespace tandem
