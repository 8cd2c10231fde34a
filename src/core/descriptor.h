#pragma once

#include <cstddef>
#include <filesystem>

#include "tandem/core/error.h"

namespace tandem {

/// A raw descriptor, so that the result of every write and of close is seen; streams swallow both.
class Descriptor {
 public:
  Descriptor(const std::filesystem::path& path, int flags);
  ~Descriptor();
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  /// Negative when the file could not be opened; errno says why.
  [[nodiscard]] int get() const { return value_; }

 private:
  int value_;
};

// System calls that continue after a signal. All but read_some report failure as their originals
// do.

[[nodiscard]] int open_file(const std::filesystem::path& path, int flags);
/// Returns the bytes read, 0 at the end. Throws kIo, naming `path`.
[[nodiscard]] size_t read_some(int descriptor, char* out, size_t bytes,
                               const std::filesystem::path& path);
[[nodiscard]] int sync_file(int descriptor);
[[nodiscard]] int close_file(int descriptor);
/// Writes all bytes. Throws kIo, naming `path`.
void write_all(int descriptor, const void* data, size_t bytes, const std::filesystem::path& path);

/// The reason of errors of kIo about a write.
inline constexpr const char* kWriteError = "write error";

/// Throws `what` about `path`, with the description of errno as what was found. `reason` is the
/// error's own, empty for that of its kind.
[[noreturn]] void fail(ErrorKind kind, const char* what, const std::filesystem::path& path,
                       const char* reason = "");

/// Throws that `path` cannot be opened for reading, with the description of errno: kMissingInput
/// where the path is at fault, kIo where the same call may succeed another time (EIO, EMFILE).
[[noreturn]] void fail_to_open(const std::filesystem::path& path);

/// Renames `from` to `to`, and believes the folder rather than the call: a network file system may
/// report the failure of what it did. Throws kIo.
void rename_or_throw(const std::filesystem::path& from, const std::filesystem::path& to);

/// Puts folder `from` in the place of `to`. A folder cannot be renamed over a full one: the two are
/// exchanged, or, on a file system that cannot, the older one steps aside and is removed. Throws
/// kIo.
void put_folder_in_place(const std::filesystem::path& from, const std::filesystem::path& to);

/// Follows the links at `path`, if it is one, to the path that they end at, which need not exist.
/// Throws kCannotCreate for a circle.
[[nodiscard]] std::filesystem::path behind_links(std::filesystem::path path);

/// The folder that holds `path`.
[[nodiscard]] std::filesystem::path folder_of(const std::filesystem::path& path);

}  // namespace tandem
