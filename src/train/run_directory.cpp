#include "train/run_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

#include "tandem/core/error.h"
#include "tandem/core/files.h"
#include "tandem/core/log.h"

namespace tandem {
namespace fs = std::filesystem;

RunDirectory::RunDirectory(fs::path path) : path_(std::move(path)) {
  tandem::create_directories(path_);
  lock();
}

RunDirectory::~RunDirectory() {
  // The file stays: removing it would race with the next process that opens it.
  if (descriptor_ >= 0) ::close(descriptor_);
}

void RunDirectory::lock() {
  const fs::path file = path_ / "run.lock";
  descriptor_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor_ < 0) {
    throw Error(ErrorKind::kCannotCreate,
                {.what = "cannot create", .where = file.string(), .found = std::strerror(errno)});
  }
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    const int reason = errno;
    char owner[32] = {};
    const ssize_t length = ::pread(descriptor_, owner, sizeof(owner) - 1, 0);
    if (reason != EWOULDBLOCK) {
      log_warn(
          fmt::format("{}: this file system has no locks ({}); make sure that no other process "
                      "trains here",
                      path_.string(), std::strerror(reason)));
      return;
    }
    ::close(descriptor_);
    throw Error(ErrorKind::kCannotCreate,
                {.what = fmt::format("another process trains in this run directory (pid {})",
                                     length > 0 ? std::atoi(owner) : 0),
                 .where = path_.string(),
                 .hint = "another run.name, or wait for that process to end"});
  }
  const std::string text = fmt::format("{}\n", ::getpid());
  if (::ftruncate(descriptor_, 0) != 0 || ::pwrite(descriptor_, text.data(), text.size(), 0) < 0)
    log_warn(fmt::format("{}: cannot note the process id: {}", file.string(), strerror(errno)));
}

fs::path require_creatable(const fs::path& path) {
  fs::path existing = fs::absolute(path).lexically_normal();
  while (!fs::exists(existing) && existing.has_parent_path() && existing != existing.root_path())
    existing = existing.parent_path();
  const bool folder = fs::is_directory(existing);
  if (folder && ::access(existing.c_str(), W_OK) == 0) return existing;
  throw Error(ErrorKind::kCannotCreate,
              {.what = "the run directory cannot be created",
               .where = path.string(),
               .found = existing.string() + (folder ? " is not writable" : " is not a folder"),
               .hint = "another run.output_dir"});
}

}  // namespace tandem
