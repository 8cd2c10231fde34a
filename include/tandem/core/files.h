#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace tandem {

/// Returns the whole content of `path`. Throws kMissingInput when it is not there or not readable,
/// kData when it is larger than `max_bytes`, kIo when the system fails to open or read it.
[[nodiscard]] std::string read_file(const std::filesystem::path& path,
                                    uint64_t max_bytes = uint64_t{1} << 40);

/// Returns `path` with a leading `~` or `~/` replaced by the user's home: $HOME, else what the user
/// database says. Any other path comes back unchanged, `~name` among them.
[[nodiscard]] std::string expand_home(std::string_view path);

/// Returns what to try when nothing is found at `path`: for a relative one, an absolute path, with
/// the working directory that relative ones start from. Empty for an absolute one.
[[nodiscard]] std::string relative_path_hint(const std::filesystem::path& path);

/// Creates `path` with its parents. Throws kCannotCreate with the reason (a file is in the way, no
/// permission, read-only).
void create_directories(const std::filesystem::path& path);

/// Returns the XXH3 hash (64 bits, hexadecimal) of `content`, for telling a damaged file, not for
/// security.
[[nodiscard]] std::string content_hash(std::string_view content);

/// Returns the content_hash of the file at `path`, read in small pieces and, where the system can,
/// from the device instead of its memory. Throws kMissingInput and kIo.
[[nodiscard]] std::string file_hash(const std::filesystem::path& path);

/// Returns what the error number `code` of a system call means, with the limit of this process that
/// was met where there is one: "Too many open files (the limit is 1024; ulimit -n raises it)".
[[nodiscard]] std::string describe_system_error(int code);

/// Something half-written that remove_staging removes; src/core/staging.h.
class StagingMark;

/// Removes what the files and folders below have begun in this process and not committed. Nothing
/// of it can be committed or begun afterwards: a thread that tries waits for ever. For a program
/// that a signal ends.
void remove_staging() noexcept;

/// Clears away what killed processes left of `target` beside it: what was half-written goes; what
/// was stepping aside for a new one comes back if that never arrived.
void clear_leftovers_of(const std::filesystem::path& target);

/// Throws kCannotCreate unless an AtomicDirectory at `path` has nothing to replace: nothing is
/// there, or an empty folder or a link to one. What killed processes left of such an output goes.
void require_new_folder(const std::filesystem::path& path);

/// The content_hash of content that comes in pieces.
class ContentHasher {
 public:
  ContentHasher();
  ~ContentHasher();
  ContentHasher(const ContentHasher&) = delete;
  ContentHasher& operator=(const ContentHasher&) = delete;

  void add(const void* data, size_t bytes);
  /// The hash of everything added so far.
  [[nodiscard]] std::string hash() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// A file written in full or not at all to be seen: every write is checked, commit() makes it
/// durable (fsync) and closes it. Without commit() the destructor removes it (a regular file only,
/// never a device). Signals and short writes are retried. Throws kCannotCreate and kIo.
class FileWriter {
 public:
  explicit FileWriter(const std::filesystem::path& path);
  ~FileWriter();
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;

  void write(const void* data, size_t bytes);
  void write(std::string_view text) { write(text.data(), text.size()); }
  void commit();
  /// The content_hash of what was meant to be written so far: file_hash of the committed file is
  /// the same unless the device lies.
  [[nodiscard]] std::string hash() const { return hasher_.hash(); }

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
  ContentHasher hasher_;
};

/// A file that takes the place of `target` only when complete, so that a reader sees the old file
/// or the new one, also after a power cut: temporary name beside it, fsync, rename, fsync of the
/// folder. Without commit() nothing remains. A link stays, and the file that it points at is
/// replaced; an older file's permission bits are kept. The constructor throws kCannotCreate, also
/// for what is there and no regular file (folder, device, pipe); the others kIo.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path target);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* data, size_t bytes) { writer_.write(data, bytes); }
  void write(std::string_view text) { writer_.write(text); }
  void commit();
  /// As FileWriter::hash.
  [[nodiscard]] std::string hash() const { return writer_.hash(); }

 private:
  std::filesystem::path target_;
  std::filesystem::path staging_;
  std::unique_ptr<StagingMark> mark_;
  FileWriter writer_;
  bool committed_ = false;
};

/// A file that grows line by line and is read while it does: each append is one write, checked,
/// without fsync. What it holds already stays. Throws kCannotCreate and kIo.
class AppendFile {
 public:
  explicit AppendFile(const std::filesystem::path& path);
  ~AppendFile();
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;

  void append(std::string_view text);

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
};

/// Replaces `path` with `content` as AtomicFile does. Throws kCannotCreate and kIo.
void write_file_atomically(const std::filesystem::path& path, std::string_view content);

/// Makes the names inside `directory` durable. Throws kIo.
void sync_directory(const std::filesystem::path& directory);

/// A folder that appears under its name only when complete. Files go into path(); commit() syncs
/// every file and the folder, then renames it to `target`; an older one is exchanged for it in one
/// step (where the file system can) and removed. The new one has the older one's mode, and where
/// the program may set it, its owner. A link stays, and the folder that it points at is replaced.
/// Without commit() the destructor removes the new one; what killed processes left of earlier ones
/// goes at the start.
///
/// An empty folder that cannot be replaced (a mount point, the working folder, or one in a folder
/// without the right to write) is filled instead, file by file. The constructor throws
/// kCannotCreate, also for a file, a link to what is not there, and a mount point or working folder
/// that holds files; commit() throws kIo.
class AtomicDirectory {
 public:
  /// Whether an entry of that name in the older folder is the program's and goes with it. Others
  /// move to the new folder. Without it everything goes.
  using IsOwn = std::function<bool(const std::string& name)>;

  explicit AtomicDirectory(std::filesystem::path target, IsOwn is_own = {});
  ~AtomicDirectory();
  AtomicDirectory(const AtomicDirectory&) = delete;
  AtomicDirectory& operator=(const AtomicDirectory&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return staging_; }
  void commit();

 private:
  void keep_foreign_entries();

  std::filesystem::path target_;
  IsOwn is_own_;
  std::filesystem::path staging_;
  std::unique_ptr<StagingMark> mark_;
  bool is_inside_ = false;  // The staging folder lies in target_, which is filled.
  bool committed_ = false;
};

}  // namespace tandem
