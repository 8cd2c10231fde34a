#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "io/files/file_reader.h"
#include "io/files/gunzip.h"

namespace tandem {

/// Longest line or record of a manifest that is held in memory.
inline constexpr size_t kMaxRecordBytes = size_t{16} << 20;

/// A UTF-8 text file, plain or gzip, read from front to back in small memory; a byte order mark is
/// skipped.
class TextInput {
 public:
  static constexpr int kEnd = -1;

  /// Throws kMissingInput when `path` is not there, not readable or not a regular file, and kData
  /// when it is UTF-16 or another kind of file.
  explicit TextInput(const std::filesystem::path& path);

  /// The next byte, or kEnd. Throws kIo when reading breaks off, and kData for damaged gzip data
  /// and, at the end, when the file was changed since it was opened.
  [[nodiscard]] int peek() { return next_ < end_ || refill() ? byte() : kEnd; }
  int get() {
    const int value = peek();
    if (value != kEnd) ++next_;
    return value;
  }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  [[nodiscard]] int byte() const { return static_cast<unsigned char>(buffer_[next_]); }
  bool refill();
  bool inflate();
  size_t read_file(std::vector<char>& into);
  void check_head();
  void check_unchanged() const;

  std::string name_;
  FileReader file_;
  FileStamp opened_;
  uint64_t offset_ = 0;  ///< Of what comes next from the file.
  std::vector<char> buffer_;
  size_t next_ = 0;
  size_t end_ = 0;
  std::unique_ptr<Gunzip> gunzip_;
  std::vector<char> packed_;  ///< What is in the file, for gunzip_.
  size_t packed_next_ = 0;
  size_t packed_end_ = 0;
};

}  // namespace tandem
