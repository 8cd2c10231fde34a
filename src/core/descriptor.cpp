#include "core/descriptor.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>

#include "tandem/core/files.h"

namespace tandem {
namespace fs = std::filesystem;
namespace {

template <typename Call>
auto retry(Call&& call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

// ENOSPC also stands for a file system that has bytes, but no room for one more file.
bool is_out_of_inodes(const fs::path& path) {
  struct statvfs info {};
  return ::statvfs(folder_of(path).c_str(), &info) == 0 && info.f_files > 0 && info.f_favail == 0;
}

bool is_same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

// Whether `to` is now what `from` was.
bool has_arrived(const struct stat& from, const fs::path& to) {
  struct stat info {};
  return ::lstat(to.c_str(), &info) == 0 && is_same_file(from, info);
}

bool exchange(const fs::path& from, const fs::path& to) {
  struct stat before {};
  const bool known = ::lstat(from.c_str(), &before) == 0;
  const int result = retry(
      [&] { return ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_EXCHANGE); });
  return result == 0 || (known && has_arrived(before, to));
}

}  // namespace

Descriptor::Descriptor(const fs::path& path, int flags) : value_(open_file(path, flags)) {}

Descriptor::~Descriptor() {
  if (value_ >= 0) ::close(value_);
}

int open_file(const fs::path& path, int flags) {
  return retry([&] { return ::open(path.c_str(), flags | O_CLOEXEC, 0644); });
}

size_t read_some(int descriptor, char* out, size_t bytes, const fs::path& path) {
  const ssize_t got = retry([&] { return ::read(descriptor, out, bytes); });
  if (got < 0) fail(ErrorKind::kIo, "cannot read", path);
  return static_cast<size_t>(got);
}

int sync_file(int descriptor) {
  return retry([&] { return ::fsync(descriptor); });
}

int close_file(int descriptor) {
  const int result = ::close(descriptor);
  return result != 0 && errno == EINTR ? 0 : result;  // Linux has closed it all the same
}

void write_all(int descriptor, const void* data, size_t bytes, const fs::path& path) {
  const auto* next = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t written = retry([&] { return ::write(descriptor, next, bytes); });
    if (written == 0) errno = EIO;
    if (written <= 0) fail(ErrorKind::kIo, "cannot write", path, kWriteError);
    next += written;
    bytes -= static_cast<size_t>(written);
  }
}

void fail(ErrorKind kind, const char* what, const fs::path& path, const char* reason) {
  const int code = errno;
  std::string found = describe_system_error(code);
  if (code == ENOSPC && is_out_of_inodes(path)) found += " (no inodes left: too many files)";
  throw Error(kind,
              {.what = what, .where = path.string(), .found = std::move(found), .reason = reason});
}

void fail_to_open(const fs::path& path) {
  switch (errno) {
    case ENOENT:
      throw Error(ErrorKind::kMissingInput, {.what = "cannot open",
                                             .where = path.string(),
                                             .found = describe_system_error(ENOENT),
                                             .hint = relative_path_hint(path),
                                             .reason = "missing file"});
    case ENOTDIR:
    case EISDIR:
    case EACCES:
    case EPERM:
    case ELOOP:
    case ENAMETOOLONG:
    case ENXIO: fail(ErrorKind::kMissingInput, "cannot open", path);
    default: fail(ErrorKind::kIo, "cannot open", path);
  }
}

void rename_or_throw(const fs::path& from, const fs::path& to) {
  struct stat before {};
  const bool known = ::lstat(from.c_str(), &before) == 0;
  if (retry([&] { return std::rename(from.c_str(), to.c_str()); }) == 0) return;
  const int code = errno;
  struct stat after {};
  if (known && has_arrived(before, to) && ::lstat(from.c_str(), &after) != 0) return;
  errno = code;
  fail(ErrorKind::kIo, "cannot rename into place", to, kWriteError);
}

void put_folder_in_place(const fs::path& from, const fs::path& to) {
  std::error_code error;
  if (!fs::exists(to, error)) return rename_or_throw(from, to);
  if (exchange(from, to)) return;
  const fs::path old = to.string() + ".old-" + std::to_string(::getpid());
  rename_or_throw(to, old);
  try {
    rename_or_throw(from, to);
  } catch (const Error&) {
    fs::rename(old, to, error);
    throw;
  }
  fs::remove_all(old, error);
}

fs::path behind_links(fs::path path) {
  constexpr int kMaxLinks = 40;  // Linux's own
  const fs::path first = path;
  std::error_code no_link;
  for (int i = 0; i < kMaxLinks; ++i) {
    const fs::path next = fs::read_symlink(path, no_link);
    if (no_link) return path;
    path = folder_of(path) / next;
  }
  errno = ELOOP;
  fail(ErrorKind::kCannotCreate, "cannot create", first);
}

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

}  // namespace tandem
