#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "io/files/file_reader.h"

namespace tandem {

/// Where one regular file lies in a tar, and the hash of its bytes.
struct IndexedMember {
  std::string name = {};
  uint64_t offset = 0;
  uint64_t size = 0;
  uint64_t hash = 0;  ///< 0 where it is not known.
};

/// All that reading samples from a tar needs to know of it.
struct TarIndex {
  FileStamp stamp = {};  ///< The tar's when it was looked at.
  std::vector<IndexedMember> members = {};
  std::map<std::string, uint64_t> ignored = {};  ///< Members skipped, by reason.
  std::string problem = {};   ///< Where the tar is cut or damaged; empty for a whole one.
  std::string cut_name = {};  ///< The member that the cut goes through, where it is known.
};

/// Walks over the headers of `tar`; with `hash`, reads the contents too. Throws as TarReader and
/// FileReader.
[[nodiscard]] TarIndex scan_tar(const std::filesystem::path& tar, bool hash);

/// `<tar>.idx`, the file that keeps an index.
[[nodiscard]] std::filesystem::path index_path(const std::filesystem::path& tar);
/// Writes the index beside its tar. Throws kCannotCreate and kIo.
void save_index(const std::filesystem::path& tar, const TarIndex& index);

struct SavedIndex {
  std::optional<TarIndex> index = {};
  std::string refusal = {};  ///< Why a file that is there is not used: "stale", "damaged".
};
/// Reads the index beside `tar`, if there is one that was made of the tar as it is now.
[[nodiscard]] SavedIndex load_index(const std::filesystem::path& tar);

}  // namespace tandem
