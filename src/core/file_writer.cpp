#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "core/descriptor.h"
#include "core/staging.h"
#include "tandem/core/error.h"
#include "tandem/core/files.h"

namespace tandem {
namespace fs = std::filesystem;
namespace {

void refuse_what_is_no_file(const fs::path& target) {
  struct stat info {};
  if (::stat(target.c_str(), &info) != 0 || S_ISREG(info.st_mode)) return;
  throw Error(ErrorKind::kCannotCreate,
              {.what = S_ISDIR(info.st_mode) ? "a folder is in the way of the file"
                                             : "a device, pipe or socket is in the way of the file",
               .where = target.string(),
               .expected = "a regular file",
               .reason = "name taken"});
}

// Renaming over a link would replace the link instead of the file that it stands for.
fs::path replaceable(fs::path target) {
  refuse_what_is_no_file(target);
  return behind_links(std::move(target));
}

FileWriter create_staging(const fs::path& path) {
  const auto lock = lock_staging();
  return FileWriter(path);
}

}  // namespace

FileWriter::FileWriter(const fs::path& path) : path_(path) {
  descriptor_ = open_file(path, O_WRONLY | O_CREAT | O_TRUNC);
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
  write_all(descriptor_, data, bytes, path_);
  hasher_.add(data, bytes);
}

void FileWriter::commit() {
  if (sync_file(descriptor_) != 0) fail(ErrorKind::kIo, "cannot make durable", path_, kWriteError);
  const int descriptor = descriptor_;
  descriptor_ = -1;
  if (close_file(descriptor) != 0) fail(ErrorKind::kIo, "cannot close", path_, kWriteError);
}

AtomicFile::AtomicFile(fs::path target)
    : target_(replaceable(std::move(target))),
      staging_(staging_name(target_)),
      mark_(std::make_unique<StagingMark>(staging_)),
      writer_(create_staging(staging_)) {
  struct stat old {};  // before the first byte, which not everybody may be meant to read
  if (::stat(target_.c_str(), &old) == 0) ::chmod(staging_.c_str(), old.st_mode & ACCESSPERMS);
}

AtomicFile::~AtomicFile() {
  if (!committed_) ::unlink(staging_.c_str());
}

void AtomicFile::commit() {
  writer_.commit();
  {
    const auto lock = lock_staging();
    rename_or_throw(staging_, target_);
    committed_ = true;
  }
  sync_directory(folder_of(target_));
}

AppendFile::AppendFile(const fs::path& path) : path_(path) {
  descriptor_ = open_file(path, O_WRONLY | O_CREAT | O_APPEND);
  if (descriptor_ < 0) fail(ErrorKind::kCannotCreate, "cannot open", path);
}

AppendFile::~AppendFile() { ::close(descriptor_); }

void AppendFile::append(std::string_view text) {
  write_all(descriptor_, text.data(), text.size(), path_);
}

void write_file_atomically(const fs::path& path, std::string_view content) {
  AtomicFile file(path);
  file.write(content);
  file.commit();
}

void sync_directory(const fs::path& directory) {
  const Descriptor folder(directory, O_RDONLY | O_DIRECTORY);
  const bool done = folder.get() >= 0 && sync_file(folder.get()) == 0;
  if (done || errno == EINVAL) return;  // a file system that has no fsync of folders
  fail(ErrorKind::kIo, "cannot make the folder durable", directory, kWriteError);
}

}  // namespace tandem
