#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vector>

#include "core/descriptor.h"
#include "core/staging.h"
#include "tandem/core/error.h"
#include "tandem/core/files.h"

namespace tandem {
namespace fs = std::filesystem;
namespace {

// Names what is made inside a folder that is filled.
constexpr const char* kInside = "output";

[[noreturn]] void refuse(const fs::path& target, ErrorText text) {
  text.where = target.string();
  throw Error(ErrorKind::kCannotCreate, std::move(text));
}

// Of what another file system is attached to, also the same one in another place.
bool is_mount_point(const fs::path& folder) {
  struct statx info {};
  return ::statx(AT_FDCWD, folder.c_str(), 0, STATX_TYPE, &info) == 0 &&
         (info.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

bool is_working_folder(const fs::path& folder) {
  std::error_code error;
  return fs::equivalent(folder, fs::current_path(error), error) && !error;
}

// The folder to make or replace: itself, or what a link stands for.
fs::path real_target(fs::path target) {
  std::error_code error;
  const fs::path name = target.filename();
  if (name == "." || name == "..") target = fs::absolute(target, error).lexically_normal();
  if (!target.has_filename()) target = target.parent_path();
  const fs::path real = behind_links(target);
  if (real != target && !fs::exists(real, error))
    refuse(target, {.what = "is a link to what is not there",
                    .hint = "remove the link, or make its folder",
                    .reason = "dangling link"});
  if (fs::exists(real, error) && !fs::is_directory(real, error))
    refuse(target, {.what = "a file is in the way of the folder", .reason = "name taken"});
  return real;
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
      fail(ErrorKind::kIo, "cannot make durable", entry->path(), kWriteError);
  }
  if (error) {
    throw Error(ErrorKind::kIo, {.what = "cannot list the folder",
                                 .where = directory.string(),
                                 .found = describe_system_error(error.value())});
  }
  sync_directory(directory);
}

// Gives `to` the owner and the mode of an older folder, but `more` rights. Returns its mode.
mode_t take_over_mode(const fs::path& from, const fs::path& to, mode_t more) {
  struct stat info {};
  if (::stat(from.c_str(), &info) != 0) return S_IRWXU;
  // The owner first: changing it may take mode bits away. Only root may, and nobody else has to.
  [[maybe_unused]] const int ignored = ::chown(to.c_str(), info.st_uid, info.st_gid);
  const mode_t mode = info.st_mode & ALLPERMS;
  ::chmod(to.c_str(), mode | more);
  return mode;
}

}  // namespace

void require_new_folder(const fs::path& path) {
  const fs::path target = real_target(path);
  clear_leftovers_of(target);
  clear_leftovers_of(target / kInside);
  std::error_code error;
  if (!fs::exists(target, error) || entries_of(target).empty()) return;
  refuse(path, {.what = "the output is there already and not an empty folder",
                .hint = "another folder, or remove it first",
                .reason = "name taken"});
}

AtomicDirectory::AtomicDirectory(fs::path target, IsOwn is_own)
    : target_(real_target(std::move(target))), is_own_(std::move(is_own)) {
  clear_leftovers_of(target_);
  std::error_code error;
  const bool exists = fs::exists(target_, error);
  clear_leftovers_of(target_ / kInside);
  const bool fillable = exists && entries_of(target_).empty();
  const bool fixed = exists && (is_mount_point(target_) || is_working_folder(target_));
  if (fixed && !fillable)
    refuse(
        target_,
        {.what = "is a mount point or the working folder, and holds files: it cannot be replaced",
         .hint = "a folder inside it",
         .reason = "fixed folder"});
  // Where nothing can be made beside it, an empty folder can still be filled.
  is_inside_ = fixed || (fillable && ::access(folder_of(target_).c_str(), W_OK) != 0);
  staging_ = staging_name(is_inside_ ? target_ / kInside : target_);
  fs::remove_all(staging_, error);
  mark_ = std::make_unique<StagingMark>(staging_);
  tandem::create_directories(staging_);
}

AtomicDirectory::~AtomicDirectory() {
  std::error_code ignored;
  if (!committed_) fs::remove_all(staging_, ignored);
}

void AtomicDirectory::commit() {
  std::error_code ignored;
  const bool replaces = !is_inside_ && fs::exists(target_, ignored);
  // Entries move into it before it gets its final mode.
  const mode_t mode = replaces ? take_over_mode(target_, staging_, S_IRWXU) : 0;
  sync_content(staging_);
  {
    const auto lock = lock_staging();
    if (is_inside_) {
      for (const fs::path& each : entries_of(staging_))
        rename_or_throw(each, target_ / each.filename());
    } else {
      put_folder_in_place(staging_, target_);
    }
    committed_ = true;
    if (replaces) {
      ::chmod(staging_.c_str(), S_IRWXU);  // the older folder: it may have been read-only
      keep_foreign_entries();
      ::chmod(target_.c_str(), mode);
    }
  }
  sync_directory(is_inside_ ? target_ : folder_of(target_));
  fs::remove_all(staging_, ignored);
}

// After an exchange the older folder bears the staging's name.
void AtomicDirectory::keep_foreign_entries() {
  std::error_code error;
  for (const fs::path& each : entries_of(staging_)) {
    const fs::path place = target_ / each.filename();
    if (is_own_ && !is_own_(each.filename().string()) &&
        !fs::exists(fs::symlink_status(place, error)))
      rename_or_throw(each, place);
  }
}

}  // namespace tandem
