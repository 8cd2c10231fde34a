#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "io/files/file_reader.h"

namespace tandem {

/// Where a file's bytes lie inside an archive.
struct ZipEntry {
  uint64_t offset = 0;
  uint64_t bytes = 0;   ///< As stored.
  bool packed = false;  ///< Compressed or encrypted: its bytes are not its content.
};

/// Returns the files of a zip archive (PKWARE APPNOTE 6.3, zip64 included) by name. PyTorch
/// compresses only the code of a TorchScript program. Names must differ, and every entry must lie
/// inside the file. Throws kCheckpoint; `where` names the file in messages.
[[nodiscard]] std::map<std::string, ZipEntry> read_zip_directory(const FileReader& file,
                                                                 const std::string& where);

}  // namespace tandem
