#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "io/file_reader.h"

namespace tandem {

/// Where a file's bytes lie inside an archive.
struct ZipEntry {
  uint64_t offset = 0;
  uint64_t bytes = 0;
};

/// Returns the files of a zip archive (PKWARE APPNOTE 6.3, zip64 included) by name. Only stored
/// entries are allowed, which is all that PyTorch writes; names must differ, and every entry must
/// lie inside the file. Throws kCheckpoint; `where` names the file in messages.
[[nodiscard]] std::map<std::string, ZipEntry> read_zip_directory(const FileReader& file,
                                                                 const std::string& where);

}  // namespace tandem
