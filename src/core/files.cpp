#include "tandem/core/files.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <vector>

#include <xxhash.h>

#include "core/descriptor.h"
#include "core/staging.h"
#include "tandem/core/error.h"

namespace tandem {
namespace fs = std::filesystem;
namespace {

std::string hexadecimal(uint64_t hash) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text(16, '0');
  for (size_t digit = text.size(); digit-- > 0; hash >>= 4) text[digit] = kDigits[hash & 15];
  return text;
}

// "the limit is 1024; ulimit -n raises it", empty where there is none.
std::string limit_text(decltype(RLIMIT_NOFILE) resource, const char* remedy) {
  struct rlimit limit {};
  if (::getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return {};
  return " (the limit is " + std::to_string(limit.rlim_cur) + remedy + "; ulimit " +
         (resource == RLIMIT_NOFILE ? "-n" : "-f") + " raises it)";
}

void require_regular(int descriptor, const fs::path& path, struct stat& info) {
  if (descriptor < 0) fail_to_open(path);
  if (::fstat(descriptor, &info) != 0) fail(ErrorKind::kIo, "cannot read", path);
  if (!S_ISREG(info.st_mode))
    throw Error(
        ErrorKind::kMissingInput,
        {.what = "is not a regular file", .where = path.string(), .reason = "not a regular file"});
}

// A named pipe must not block us.
constexpr int kReadFlags = O_RDONLY | O_NONBLOCK;

}  // namespace

std::string read_file(const fs::path& path, uint64_t max_bytes) {
  const Descriptor file(path, kReadFlags);
  struct stat info {};
  require_regular(file.get(), path, info);
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
    const size_t got = read_some(file.get(), content.data() + done, content.size() - done, path);
    if (got == 0) break;
    done += got;
  }
  content.resize(done);
  return content;
}

std::string expand_home(std::string_view path) {
  if (path != "~" && !path.starts_with("~/")) return std::string(path);
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') {
    const struct passwd* user = ::getpwuid(::geteuid());
    home = user == nullptr ? nullptr : user->pw_dir;
  }
  return home == nullptr ? std::string(path) : std::string(home) + std::string(path.substr(1));
}

std::string relative_path_hint(const fs::path& path) {
  std::error_code error;
  const fs::path here = fs::current_path(error);
  return path.is_absolute() || error
             ? ""
             : "an absolute path; relative ones start from the working directory, " + here.string();
}

void create_directories(const fs::path& path) {
  const auto lock = lock_staging();  // what remove_staging removes is not created again
  std::error_code error;
  do {
    error.clear();
    fs::create_directories(path, error);
  } while (error == std::errc::interrupted);
  if (error) {
    throw Error(ErrorKind::kCannotCreate, {.what = "cannot create folder",
                                           .where = path.string(),
                                           .found = describe_system_error(error.value())});
  }
  if (!fs::is_directory(path, error)) {
    throw Error(ErrorKind::kCannotCreate, {.what = "is not a folder", .where = path.string()});
  }
}

std::string content_hash(std::string_view content) {
  return hexadecimal(XXH3_64bits(content.data(), content.size()));
}

std::string file_hash(const fs::path& path) {
  constexpr size_t kPiece = size_t{1} << 20;
  const Descriptor file(path, kReadFlags);
  struct stat info {};
  require_regular(file.get(), path, info);
  ::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED);  // ask the device, not the memory
  ContentHasher hasher;
  std::vector<char> piece(std::clamp<size_t>(static_cast<size_t>(info.st_size), 1, kPiece));
  while (const size_t got = read_some(file.get(), piece.data(), piece.size(), path))
    hasher.add(piece.data(), got);
  return hasher.hash();
}

std::string describe_system_error(int code) {
  std::string text = std::generic_category().message(code);
  if (code == EMFILE) text += limit_text(RLIMIT_NOFILE, "");
  if (code == EFBIG) text += limit_text(RLIMIT_FSIZE, " bytes");
  return text;
}

struct ContentHasher::State {
  XXH3_state_t* xxh3 = XXH3_createState();
};

ContentHasher::ContentHasher() : state_(std::make_unique<State>()) {
  if (state_->xxh3 == nullptr) throw std::bad_alloc();
  XXH3_64bits_reset(state_->xxh3);
}

ContentHasher::~ContentHasher() { XXH3_freeState(state_->xxh3); }

void ContentHasher::add(const void* data, size_t bytes) {
  XXH3_64bits_update(state_->xxh3, data, bytes);
}

std::string ContentHasher::hash() const { return hexadecimal(XXH3_64bits_digest(state_->xxh3)); }

}  // namespace tandem
