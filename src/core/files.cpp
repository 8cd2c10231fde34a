#include "tandem/core/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <xxhash.h>

#include "tandem/core/error.h"

namespace tandem {
namespace fs = std::filesystem;
namespace {

/// A raw descriptor, so that the result of every write and of close is seen; streams swallow both.
class Descriptor {
 public:
  Descriptor(const fs::path& path, int flags)
      : value_(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return value_; }

 private:
  int value_;
};

std::string reason() { return std::strerror(errno); }

[[noreturn]] void fail(ErrorKind kind, const char* what, const fs::path& path) {
  throw Error(kind, {.what = what, .where = path.string(), .found = reason()});
}

void rename_or_throw(const fs::path& from, const fs::path& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0)
    fail(ErrorKind::kIo, "cannot rename into place", to);
}

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

/// Renames folder `from` to `to`. A folder cannot be renamed over a full one: the two are
/// exchanged, or, on a file system that cannot, the older one steps aside first.
void put_in_place(const fs::path& from, const fs::path& to) {
  if (!fs::exists(to)) return rename_or_throw(from, to);
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_EXCHANGE) == 0) return;
  const fs::path old = to.string() + ".old-" + std::to_string(::getpid());
  rename_or_throw(to, old);
  std::error_code ignored;
  try {
    rename_or_throw(from, to);
  } catch (const Error&) {
    fs::rename(old, to, ignored);
    throw;
  }
  fs::remove_all(old, ignored);
}

fs::path without_trailing_slash(fs::path path) {
  return path.has_filename() ? path : path.parent_path();
}

fs::path staging_name(const fs::path& target) {
  return target.string() + ".tmp-" + std::to_string(::getpid());
}

}  // namespace

std::string read_file(const fs::path& path, uint64_t max_bytes) {
  const Descriptor file(path, O_RDONLY | O_NONBLOCK);  // a named pipe must not block us
  if (file.get() < 0) fail(ErrorKind::kMissingInput, "cannot open", path);
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) fail(ErrorKind::kIo, "cannot read", path);
  if (!S_ISREG(info.st_mode))
    throw Error(ErrorKind::kMissingInput,
                {.what = "is not a regular file", .where = path.string()});
  const auto size = static_cast<uint64_t>(info.st_size);
  if (size > max_bytes) {
    throw Error(ErrorKind::kData, {.what = "file is too large",
                                   .where = path.string(),
                                   .expected = "at most " + std::to_string(max_bytes) + " bytes",
                                   .found = std::to_string(size)});
  }
  std::string content(size, '\0');
  size_t done = 0;
  while (done < content.size()) {
    const ssize_t got = ::read(file.get(), content.data() + done, content.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(ErrorKind::kIo, "cannot read", path);
    if (got == 0) break;
    done += static_cast<size_t>(got);
  }
  content.resize(done);
  return content;
}

void create_directories(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error)
    throw Error(ErrorKind::kCannotCreate,
                {.what = "cannot create folder", .where = path.string(), .found = error.message()});
  if (!fs::is_directory(path, error)) {
    throw Error(ErrorKind::kCannotCreate, {.what = "is not a folder", .where = path.string()});
  }
}

std::string content_hash(std::string_view content) {
  static constexpr char kDigits[] = "0123456789abcdef";
  uint64_t hash = XXH3_64bits(content.data(), content.size());
  std::string text(16, '0');
  for (size_t digit = text.size(); digit-- > 0; hash >>= 4) text[digit] = kDigits[hash & 15];
  return text;
}

FileWriter::FileWriter(const fs::path& path) : path_(path) {
  descriptor_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor_ < 0) fail(ErrorKind::kCannotCreate, "cannot create", path);
}

FileWriter::~FileWriter() {
  if (descriptor_ < 0) return;
  struct stat info {};
  const bool regular = ::fstat(descriptor_, &info) == 0 && S_ISREG(info.st_mode);
  ::close(descriptor_);
  if (regular) ::unlink(path_.c_str());
}

void FileWriter::write(const void* data, size_t bytes) {
  const auto* next = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t written = ::write(descriptor_, next, bytes);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(ErrorKind::kIo, "cannot write", path_);
    next += written;
    bytes -= static_cast<size_t>(written);
  }
}

void FileWriter::commit() {
  if (::fsync(descriptor_) != 0) fail(ErrorKind::kIo, "cannot make durable", path_);
  const int descriptor = descriptor_;
  descriptor_ = -1;
  if (::close(descriptor) != 0) fail(ErrorKind::kIo, "cannot close", path_);
}

AtomicFile::AtomicFile(fs::path target)
    : target_(std::move(target)), staging_(staging_name(target_)), writer_(staging_) {
  if (fs::is_directory(target_)) {
    throw Error(ErrorKind::kCannotCreate,
                {.what = "a folder is in the way of the file", .where = target_.string()});
  }
}

AtomicFile::~AtomicFile() {
  if (!committed_) ::unlink(staging_.c_str());
}

void AtomicFile::commit() {
  writer_.commit();
  rename_or_throw(staging_, target_);
  committed_ = true;
  sync_directory(folder_of(target_));
}

void write_file_atomically(const fs::path& path, std::string_view content) {
  AtomicFile file(path);
  file.write(content);
  file.commit();
}

void sync_directory(const fs::path& directory) {
  const Descriptor folder(directory, O_RDONLY | O_DIRECTORY);
  if (folder.get() < 0 || ::fsync(folder.get()) != 0)
    fail(ErrorKind::kIo, "cannot make the folder durable", directory);
}

AtomicDirectory::AtomicDirectory(fs::path target)
    : target_(without_trailing_slash(std::move(target))), staging_(staging_name(target_)) {
  std::error_code ignored;
  if (fs::exists(target_, ignored) && !fs::is_directory(target_, ignored)) {
    throw Error(ErrorKind::kCannotCreate,
                {.what = "a file is in the way of the folder", .where = target_.string()});
  }
  fs::remove_all(staging_, ignored);
  tandem::create_directories(staging_);
}

AtomicDirectory::~AtomicDirectory() {
  std::error_code ignored;
  if (!committed_) fs::remove_all(staging_, ignored);
}

void AtomicDirectory::commit() {
  for (const auto& entry : fs::recursive_directory_iterator(staging_)) {
    if (entry.is_directory()) {
      sync_directory(entry.path());
      continue;
    }
    const Descriptor file(entry.path(), O_RDONLY);
    if (file.get() < 0 || ::fsync(file.get()) != 0)
      fail(ErrorKind::kIo, "cannot make durable", entry.path());
  }
  sync_directory(staging_);
  put_in_place(staging_, target_);
  committed_ = true;
  sync_directory(folder_of(target_));
  std::error_code ignored;
  fs::remove_all(staging_, ignored);  // after an exchange the older folder bears this name
}

}  // namespace tandem
