#include "train/run_directory.h"

#include <unistd.h>

#include <array>

#include "tandem/core/error.h"
#include "tandem/core/files.h"
#include "train/leftovers.h"

namespace tandem {
namespace fs = std::filesystem;
namespace {

// Tokenizer::file_name() of either kind.
constexpr std::array kTokenizers = {"tokenizer.json", "tokenizer.model"};

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

void RunDirectory::save_tokenizer(const Tokenizer& tokenizer) const {
  tokenizer.save(path_ / tokenizer.file_name());
  // Older versions called every kind tokenizer.model.
  std::error_code ignored;
  for (const char* name : kTokenizers)
    if (name != tokenizer.file_name()) fs::remove(path_ / name, ignored);
}

fs::path RunDirectory::tokenizer_of(const fs::path& path) {
  std::error_code ignored;
  for (const char* name : kTokenizers)
    if (fs::exists(path / name, ignored)) return path / name;
  return path / kTokenizers.back();
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
