#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "io/files/file_reader.h"
#include "io/tar/tar_header.h"

namespace tandem {

inline constexpr uint64_t kTarBlock = 512;

/// A regular file inside a tar.
struct TarMember {
  std::string name = {};
  uint64_t offset = 0;  ///< Where its bytes begin in the tar; a multiple of kTarBlock.
  uint64_t size = 0;
};

/// Walks over the headers of a tar file (ustar, pax, GNU and v7) and says where each regular file
/// lies; contents are never read and nothing is ever unpacked. The file is not trusted: links,
/// devices, pipes, sparse files, members of 4 GiB and more, and names that are absolute, hold `..`
/// or control characters, are not UTF-8 or longer than 4096 bytes are skipped and counted.
class TarReader {
 public:
  /// `file` must outlive the reader. Throws kData when it is no tar, and says what it is instead.
  explicit TarReader(const FileReader& file);

  /// Finds the next regular file; false at the end: two empty blocks (one is enough), the end of
  /// the file, or a place where the tar is cut or damaged. Throws kIo.
  bool next(TarMember& member);

  /// Members skipped, by reason ("symbolic link", "odd name", …).
  [[nodiscard]] const std::map<std::string, uint64_t>& ignored() const { return ignored_; }
  /// Once next() was false: where the tar is cut or damaged, empty for a whole one.
  [[nodiscard]] const std::string& problem() const { return problem_; }
  /// Name of the member that the cut goes through, where it is known.
  [[nodiscard]] const std::string& cut_name() const { return cut_name_; }

 private:
  using Block = std::array<unsigned char, kTarBlock>;
  struct Pending;
  bool load(Block& block);
  bool read_extension(const Block& block, uint64_t size, Pending& pending);
  bool take_size(const Pending& pending, TarHeader& header);
  bool stop(std::string problem, std::string cut_name = {});

  const FileReader& file_;
  uint64_t position_ = 0;
  std::string window_;
  uint64_t window_begin_ = 0;
  std::map<std::string, uint64_t> ignored_;
  std::string problem_;
  std::string cut_name_;
};

}  // namespace tandem
