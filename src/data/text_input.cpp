#include "data/text_input.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "data/unusable.h"

namespace tandem {
namespace {

constexpr size_t kBufferBytes = size_t{1} << 18;

[[noreturn]] void fail_open(const std::string& name) {
  throw Error(
      ErrorKind::kMissingInput,
      {.what = "cannot open the manifest", .where = name, .found = access_problem(name, errno)});
}

}  // namespace

TextInput::TextInput(const std::filesystem::path& path)
    : name_(path.string()), buffer_(kBufferBytes) {
  struct stat info {};
  if (::stat(name_.c_str(), &info) != 0) fail_open(name_);
  if (!S_ISREG(info.st_mode)) {
    throw Error(
        ErrorKind::kMissingInput,
        {.what = S_ISDIR(info.st_mode) ? "the manifest is a folder" : "is not a regular file",
         .where = name_,
         .hint = S_ISDIR(info.st_mode) ? "name a file, or set kind to \"folder\"" : ""});
  }
  descriptor_ = ::open(name_.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor_ < 0) fail_open(name_);
  try {
    refill();
    const std::string_view head(buffer_.data(), end_);
    if (head.starts_with("\xEF\xBB\xBF")) next_ = 3;
    if (head.starts_with("\xFF\xFE") || head.starts_with("\xFE\xFF")) {
      throw Error(ErrorKind::kData, {.what = "wrong encoding",
                                     .where = name_,
                                     .expected = "UTF-8",
                                     .found = "UTF-16",
                                     .hint = "save it as UTF-8"});
    }
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

TextInput::~TextInput() { ::close(descriptor_); }

bool TextInput::refill() {
  ssize_t got = 0;
  do got = ::read(descriptor_, buffer_.data(), buffer_.size());
  while (got < 0 && errno == EINTR);
  if (got < 0) {
    throw Error(ErrorKind::kIo,
                {.what = "cannot read", .where = name_, .found = std::strerror(errno)});
  }
  next_ = 0;
  end_ = static_cast<size_t>(got);
  return end_ > 0;
}

}  // namespace tandem
