#include "io/files/file_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/descriptor.h"
#include "tandem/core/error.h"

namespace tandem {

FileReader::FileReader(std::filesystem::path path) : path_(std::move(path)) {
  descriptor_ = open_file(path_, O_RDONLY | O_NONBLOCK);
  if (descriptor_ < 0) fail_to_open(path_);
  struct stat info {};
  if (::fstat(descriptor_, &info) != 0 || !S_ISREG(info.st_mode)) {
    ::close(descriptor_);
    throw Error(
        ErrorKind::kMissingInput,
        {.what = "is not a regular file", .where = path_.string(), .reason = "not a regular file"});
  }
  size_ = static_cast<uint64_t>(info.st_size);
}

FileReader::~FileReader() { ::close(descriptor_); }

void FileReader::read(uint64_t offset, void* into, size_t bytes) const {
  auto* next = static_cast<char*>(into);
  while (bytes > 0) {
    const ssize_t got = ::pread(descriptor_, next, bytes, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      throw Error(ErrorKind::kIo,
                  {.what = "cannot read",
                   .where = path_.string(),
                   .found = got < 0 ? std::strerror(errno)
                                    : "the end: the file was truncated while it was read"});
    }
    next += got;
    offset += static_cast<uint64_t>(got);
    bytes -= static_cast<size_t>(got);
  }
}

FileStamp FileReader::stamp() const {
  struct stat info {};
  if (::fstat(descriptor_, &info) != 0) {
    throw Error(ErrorKind::kIo,
                {.what = "cannot stat", .where = path_.string(), .found = std::strerror(errno)});
  }
  constexpr int64_t kNanoseconds = 1'000'000'000;
  return {.size = static_cast<uint64_t>(info.st_size),
          .modified_ns = info.st_mtim.tv_sec * kNanoseconds + info.st_mtim.tv_nsec};
}

std::string FileReader::read(uint64_t offset, size_t bytes) const {
  std::string content(bytes, '\0');
  read(offset, content.data(), bytes);
  return content;
}

}  // namespace tandem
