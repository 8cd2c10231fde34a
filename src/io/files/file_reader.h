#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace tandem {

/// Tells a file that was changed from the same one.
struct FileStamp {
  uint64_t size = 0;
  int64_t modified_ns = 0;
  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

/// A regular file open for reading at any offset, by read(): a mapped file that somebody else cuts
/// kills its reader. Reading is const and thread-safe.
class FileReader {
 public:
  /// Throws kMissingInput when the file is not there, not readable, or no regular file.
  explicit FileReader(std::filesystem::path path);
  ~FileReader();
  FileReader(const FileReader&) = delete;
  FileReader& operator=(const FileReader&) = delete;

  /// Size in bytes when it was opened.
  [[nodiscard]] uint64_t size() const noexcept { return size_; }
  [[nodiscard]] std::string name() const { return path_.string(); }
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  /// Size and time of last change as they are now. Throws kIo.
  [[nodiscard]] FileStamp stamp() const;
  /// Fills `into` with `bytes` bytes from `offset`. Throws kIo, also when the file ends before.
  void read(uint64_t offset, void* into, size_t bytes) const;
  /// The same as a string.
  [[nodiscard]] std::string read(uint64_t offset, size_t bytes) const;

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
  uint64_t size_ = 0;
};

}  // namespace tandem
