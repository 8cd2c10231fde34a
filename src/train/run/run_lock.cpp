#include "train/run/run_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <ctime>
#include <fstream>
#include <sstream>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tandem/core/error.h"
#include "tandem/core/files.h"
#include "tandem/core/log.h"

namespace tandem {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kLockFile = "run.lock";

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof(name) - 1) == 0 ? name : "unknown";
}

std::string first_line(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// When a process of this machine began, in clock ticks since its boot: tells a pid that is used
// again. Empty for no process.
std::string start_ticks(int64_t pid) {
  const std::string line = first_line(fmt::format("/proc/{}/stat", pid).c_str());
  const size_t name_end = line.rfind(')');  // the name in front may hold anything
  if (name_end == std::string::npos) return {};
  std::istringstream fields(line.substr(name_end + 1));
  constexpr int kStartTime = 20;  // the 22nd field of all, proc(5)
  std::string field;
  for (int i = 0; i < kStartTime && fields; ++i) fields >> field;
  return field;
}

// Empty for a file that is too large to be a lock's.
std::string content_of(const fs::path& file) {
  constexpr uint64_t kMaxBytes = 4096;
  try {
    return read_file(file, kMaxBytes);
  } catch (const Error&) {
    return {};
  }
}

// One who holds or held the lock.
struct Owner {
  int64_t pid = 0;
  std::string host, boot, ticks, since;

  static Owner self() {
    return {.pid = ::getpid(),
            .host = host_name(),
            .boot = first_line("/proc/sys/kernel/random/boot_id"),
            .ticks = start_ticks(::getpid()),
            .since = fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(std::time(nullptr)))};
  }

  // Nobody where the file holds something else, whatever that is.
  static Owner of(const fs::path& file) {
    const Json json = Json::parse(content_of(file), nullptr, /*allow_exceptions=*/false);
    if (!json.is_object()) return {};
    const auto text = [&](const char* name) {
      return json.contains(name) && json[name].is_string() ? json[name].get<std::string>() : "";
    };
    const bool numbered = json.contains("pid") && json["pid"].is_number_integer();
    return {.pid = numbered ? json["pid"].get<int64_t>() : 0,
            .host = text("host"),
            .boot = text("boot_id"),
            .ticks = text("start_ticks"),
            .since = text("since")};
  }

  [[nodiscard]] std::string text() const {
    const Json json = {
        {"pid", pid}, {"host", host}, {"boot_id", boot}, {"start_ticks", ticks}, {"since", since}};
    return json.dump() + "\n";
  }
  [[nodiscard]] std::string name() const {
    return pid == 0 ? "of unknown name" : fmt::format("pid {} on {} since {}", pid, host, since);
  }
  /// Whether it certainly runs no more: only a process of this machine can be asked for.
  [[nodiscard]] bool is_gone() const {
    const Owner here = self();
    if (pid == 0 || host != here.host) return false;
    return boot != here.boot || start_ticks(pid) != ticks;
  }
};

// Whether a lock is older than any process takes to sign it.
bool is_old(const fs::path& file) {
  std::error_code error;
  const auto written = fs::last_write_time(file, error);
  return !error && fs::file_time_type::clock::now() - written > std::chrono::minutes(1);
}

[[noreturn]] void refuse(const fs::path& file, const Owner& owner, const std::string& hint) {
  throw Error(
      ErrorKind::kCannotCreate,
      {.what = fmt::format("another process trains in this run directory ({})", owner.name()),
       .where = file.parent_path().string(),
       .hint = hint});
}

}  // namespace

RunLock::RunLock(const fs::path& folder, LockKind kind) : file_(folder / kLockFile) {
  if (kind == LockKind::kFile) {
    lock_by_file();
  } else {
    lock();
  }
}

RunLock::~RunLock() {
  if (descriptor_ < 0) return;
  if (is_file_lock_) {
    if (is_intact()) ::unlink(file_.c_str());
  } else {
    // The file stays: removing it would race with the next process that opens it. Emptied, it says
    // that this one ended in order.
    [[maybe_unused]] const int ignored = ::ftruncate(descriptor_, 0);
  }
  ::close(descriptor_);
}

void RunLock::remove() const noexcept {
  ::unlink(file_.c_str());
  if (is_file_lock_) ::unlink((file_.parent_path() / kLockFile).c_str());
}

bool RunLock::is_intact() const {
  struct stat held {};
  struct stat found {};
  return ::fstat(descriptor_, &held) == 0 && ::stat(file_.c_str(), &found) == 0 &&
         held.st_ino == found.st_ino && held.st_dev == found.st_dev;
}

void RunLock::lock() {
  descriptor_ = ::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor_ < 0) {
    throw Error(
        ErrorKind::kCannotCreate,
        {.what = "cannot create", .where = file_.string(), .found = describe_system_error(errno)});
  }
  int result = 0;
  do result = ::flock(descriptor_, LOCK_EX | LOCK_NB);
  while (result != 0 && errno == EINTR);
  const int reason = errno;
  if (result != 0) {
    ::close(descriptor_);
    descriptor_ = -1;
    if (reason == EWOULDBLOCK)
      refuse(file_, Owner::of(file_), "another run.name, or wait for that process to end");
    log_warn(fmt::format("{}: this file system has no locks ({}); the file itself serves as one",
                         file_.string(), describe_system_error(reason)));
    return lock_by_file();
  }
  const Owner before = Owner::of(file_);
  if (before.pid != 0) {
    log_info(
        fmt::format("{}: the previous process ({}) did not exit cleanly; resuming from what it "
                    "saved",
                    file_.parent_path().string(), before.name()));
  }
  sign();
}

void RunLock::lock_by_file() {
  is_file_lock_ = true;
  file_ += ".file";
  for (int attempt = 0; attempt < 2; ++attempt) {
    descriptor_ = ::open(file_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (descriptor_ >= 0) return sign();
    if (errno != EEXIST) break;
    const Owner owner = Owner::of(file_);
    if (!owner.is_gone() && !(owner.pid == 0 && is_old(file_))) {
      refuse(file_, owner,
             fmt::format("wait for that process to end; or, if it is gone, remove {}",
                         file_.string()));
    }
    log_warn(fmt::format("{}: the lock of a process that is gone ({}) is taken over",
                         file_.string(), owner.name()));
    ::unlink(file_.c_str());
  }
  throw Error(
      ErrorKind::kCannotCreate,
      {.what = "cannot create", .where = file_.string(), .found = describe_system_error(errno)});
}

void RunLock::sign() {
  const std::string text = Owner::self().text();
  if (::ftruncate(descriptor_, 0) != 0 || ::pwrite(descriptor_, text.data(), text.size(), 0) < 0) {
    log_warn(fmt::format("{}: cannot note who holds the lock: {}", file_.string(),
                         describe_system_error(errno)));
  }
}

}  // namespace tandem
