#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tandem {

/// Longest line or record of a manifest that is held in memory.
inline constexpr size_t kMaxRecordBytes = size_t{16} << 20;

/// A UTF-8 text file read from front to back in small memory; a byte order mark is passed over.
class TextInput {
 public:
  static constexpr int kEnd = -1;

  /// Throws kMissingInput when `path` is not there, not readable or not a regular file, and kData
  /// when it is UTF-16.
  explicit TextInput(const std::filesystem::path& path);
  ~TextInput();
  TextInput(const TextInput&) = delete;
  TextInput& operator=(const TextInput&) = delete;

  /// The next byte, or kEnd. Throws kIo when reading breaks off.
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

  std::string name_;
  int descriptor_ = -1;
  std::vector<char> buffer_;
  size_t next_ = 0;
  size_t end_ = 0;
};

}  // namespace tandem
