#include <fcntl.h>

#include "core/descriptor.h"
#include "tandem/core/error.h"
#include "tandem/core/files.h"

namespace tandem {
namespace fs = std::filesystem;
namespace {

fs::path without_trailing_slash(const fs::path& path) {
  return path.has_filename() ? path : path.parent_path();
}

void sync_content(const fs::path& directory) {
  std::error_code error;
  for (fs::recursive_directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->is_directory(error)) {
      sync_directory(entry->path());
      continue;
    }
    const Descriptor file(entry->path(), O_RDONLY);
    if (file.get() < 0 || sync_file(file.get()) != 0)
      fail(ErrorKind::kIo, "cannot make durable", entry->path());
  }
  if (error) {
    throw Error(ErrorKind::kIo, {.what = "cannot list the folder",
                                 .where = directory.string(),
                                 .found = describe_system_error(error.value())});
  }
  sync_directory(directory);
}

}  // namespace

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
  sync_content(staging_);
  put_folder_in_place(staging_, target_);
  committed_ = true;
  sync_directory(folder_of(target_));
  std::error_code ignored;
  fs::remove_all(staging_, ignored);  // after an exchange the older folder bears this name
}

}  // namespace tandem
