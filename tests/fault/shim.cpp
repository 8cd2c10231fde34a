// Makes one system call of a program fail, as environment variables say, to see what it does then.
// Loaded with LD_PRELOAD; only calls on paths under one folder are looked at.
//
//   TANDEM_FAULT_FOLDER  the folder
//   TANDEM_FAULT_AT      which of these calls, counted from 1
//   TANDEM_FAULT         ENOSPC, EIO, EDQUOT, EINTR or EMFILE: fail with this error
//                        SHORT: write half of it · LOST: write nothing, report success
//                        LATE: do it, then report EIO · KILL: SIGKILL
//   TANDEM_FAULT_CALLS   only these, as write,fsync; without it all of them but flock and
//                        pthread_create, which touches no folder and counts in all of them
//   TANDEM_FAULT_STAYS   set: every later call fails as well, as on a disk that stays full
//   TANDEM_FAULT_LOG     a file that receives a line "number call path" when it happens
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

struct Plan {
  std::string folder = variable("TANDEM_FAULT_FOLDER");
  std::string fault = variable("TANDEM_FAULT");
  std::string calls = variable("TANDEM_FAULT_CALLS");
  std::string log = variable("TANDEM_FAULT_LOG");
  long at = std::atol(variable("TANDEM_FAULT_AT").c_str());
  bool stays = !variable("TANDEM_FAULT_STAYS").empty();
  std::atomic<long> seen{0};
};

Plan& plan() {
  static Plan instance;
  return instance;
}

template <typename Function>
Function* original(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

std::string path_of(int descriptor) {
  char link[64];
  char path[4096];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  const ssize_t length = ::readlink(link, path, sizeof path);
  return length < 0 ? "" : std::string(path, static_cast<size_t>(length));
}

// "" is every call that a file system may fail; flock and pthread_create are asked for by name.
bool is_wanted(const char* call) {
  const std::string& calls = plan().calls;
  if (calls.empty())
    return std::strcmp(call, "flock") != 0 && std::strcmp(call, "pthread_create") != 0;
  return ("," + calls + ",").find("," + std::string(call) + ",") != std::string::npos;
}

void report(long number, const char* call, const std::string& path) {
  if (plan().log.empty()) return;
  const std::string line = std::to_string(number) + " " + call + " " + path + "\n";
  const long file =
      ::syscall(SYS_openat, AT_FDCWD, plan().log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  ::syscall(SYS_write, file, line.data(), line.size());
  ::syscall(SYS_close, file);
}

// Whether this call is the one that fails.
bool is_chosen(const char* call, const std::string& path) {
  Plan& all = plan();
  if (all.folder.empty() || !path.starts_with(all.folder) || !is_wanted(call)) return false;
  const long number = ++all.seen;
  const bool chosen = number == all.at || (all.stays && number > all.at);
  if (chosen) report(number, call, path);
  if (chosen && all.fault == "KILL") ::kill(::getpid(), SIGKILL);
  return chosen;
}

int error_number() {
  const std::string& fault = plan().fault;
  if (fault == "ENOSPC") return ENOSPC;
  if (fault == "EDQUOT") return EDQUOT;
  if (fault == "EINTR") return EINTR;
  if (fault == "EMFILE") return EMFILE;
  if (fault == "ENOLCK") return ENOLCK;
  return EIO;
}

int failure() {
  errno = error_number();
  return -1;
}

// What is done although it is reported as failed.
bool is_done_all_the_same() { return plan().fault == "LATE"; }

template <typename Call>
ssize_t write_or_fail(const char* call, int descriptor, size_t bytes, Call&& write_some) {
  if (!is_chosen(call, path_of(descriptor))) return write_some(bytes);
  if (plan().fault == "SHORT") return write_some(bytes > 1 ? bytes / 2 : bytes);
  if (plan().fault == "LOST") return static_cast<ssize_t>(bytes);
  if (is_done_all_the_same()) return write_some(bytes);
  return failure();
}

template <typename Call>
int do_or_fail(const char* call, const std::string& path, Call&& act) {
  if (!is_chosen(call, path) || plan().fault == "SHORT") return act();
  if (is_done_all_the_same()) act();
  return failure();
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const auto mode = static_cast<mode_t>(va_arg(arguments, unsigned));
  va_end(arguments);
  static auto* real = original<int(const char*, int, ...)>("open");
  if (is_chosen("open", path) && plan().fault != "SHORT" && !is_done_all_the_same())
    return failure();
  return real(path, flags, mode);
}

FILE* fopen(const char* path, const char* mode) {
  using Fopen = FILE*(const char*, const char*);
  static auto* real = original<Fopen>("fopen");
  if (is_chosen("fopen", path) && plan().fault != "SHORT" && !is_done_all_the_same()) {
    failure();
    return nullptr;
  }
  return real(path, mode);
}

FILE* fopen64(const char* path, const char* mode) { return fopen(path, mode); }

ssize_t write(int descriptor, const void* data, size_t bytes) {
  static auto* real = original<ssize_t(int, const void*, size_t)>("write");
  return write_or_fail("write", descriptor, bytes,
                       [&](size_t some) { return real(descriptor, data, some); });
}

ssize_t writev(int descriptor, const struct iovec* parts, int count) {
  static auto* real = original<ssize_t(int, const struct iovec*, int)>("writev");
  return write_or_fail("write", descriptor, 1,
                       [&](size_t) { return real(descriptor, parts, count); });
}

ssize_t pwrite(int descriptor, const void* data, size_t bytes, off_t offset) {
  static auto* real = original<ssize_t(int, const void*, size_t, off_t)>("pwrite");
  return write_or_fail("pwrite", descriptor, bytes,
                       [&](size_t some) { return real(descriptor, data, some, offset); });
}

int fsync(int descriptor) {
  static auto* real = original<int(int)>("fsync");
  return do_or_fail("fsync", path_of(descriptor), [&] { return real(descriptor); });
}

int fdatasync(int descriptor) {
  static auto* real = original<int(int)>("fdatasync");
  return do_or_fail("fdatasync", path_of(descriptor), [&] { return real(descriptor); });
}

// The descriptor is closed in any case, as Linux does it.
int close(int descriptor) {
  static auto* real = original<int(int)>("close");
  const bool fails = is_chosen("close", path_of(descriptor)) && plan().fault != "SHORT";
  const int result = real(descriptor);
  return fails ? failure() : result;
}

int rename(const char* from, const char* to) {
  static auto* real = original<int(const char*, const char*)>("rename");
  return do_or_fail("rename", from, [&] { return real(from, to); });
}

int renameat2(int from_folder, const char* from, int to_folder, const char* to, unsigned flags) {
  static auto* real = original<int(int, const char*, int, const char*, unsigned)>("renameat2");
  return do_or_fail("renameat2", from,
                    [&] { return real(from_folder, from, to_folder, to, flags); });
}

int mkdir(const char* path, mode_t mode) {
  static auto* real = original<int(const char*, mode_t)>("mkdir");
  return do_or_fail("mkdir", path, [&] { return real(path, mode); });
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"  // there is a struct of this name
int flock(int descriptor, int operation) {
  static auto* real = original<int(int, int)>("flock");
  return do_or_fail("flock", path_of(descriptor), [&] { return real(descriptor, operation); });
}
#pragma GCC diagnostic pop

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*),
                   void* argument) {
  using Create = int(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  static auto* real = original<Create>("pthread_create");
  if (is_chosen("pthread_create", plan().folder)) return EAGAIN;
  return real(thread, attributes, start, argument);
}

}  // extern "C"
