#include "train/run_directory.h"

#include <unistd.h>

#include "tandem/core/error.h"
#include "tandem/core/files.h"
#include "train/leftovers.h"

namespace tandem {
namespace fs = std::filesystem;
namespace {

const fs::path& created(const fs::path& path) {
  tandem::create_directories(path);
  return path;
}

}  // namespace

RunDirectory::RunDirectory(fs::path path) : path_(std::move(path)), lock_(created(path_)) {
  clear_leftovers(path_);
}

void RunDirectory::require_intact() const {
  if (lock_.is_intact()) return;
  throw Error(ErrorKind::kIo,
              {.what = "the run directory was removed, moved or replaced while the run went on",
               .where = path_.string(),
               .hint = "put it back under this name; the same command then goes on from its newest "
                       "checkpoint"});
}

fs::path require_creatable(const fs::path& path) {
  std::error_code error;
  fs::path existing = fs::absolute(path, error).lexically_normal();
  while (!fs::exists(existing, error) && existing.has_parent_path() &&
         existing != existing.root_path())
    existing = existing.parent_path();
  const bool folder = fs::is_directory(existing, error);
  if (folder && ::access(existing.c_str(), W_OK) == 0) return existing;
  throw Error(ErrorKind::kCannotCreate,
              {.what = "the run directory cannot be created",
               .where = path.string(),
               .found = existing.string() + (folder ? " is not writable" : " is not a folder"),
               .hint = "another run.output_dir"});
}

}  // namespace tandem
