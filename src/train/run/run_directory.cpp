#include "train/run/run_directory.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include <fmt/format.h>

#include "core/staging.h"
#include "tandem/config/load.h"
#include "tandem/core/error.h"
#include "tandem/core/files.h"
#include "train/run/checkpoint_folder.h"

namespace tandem {
namespace fs = std::filesystem;
namespace {

// Tokenizer::file_name() of either kind.
constexpr std::array kTokenizers = {"tokenizer.json", "tokenizer.model"};

// What is there of `path`: itself or its nearest parent.
fs::path nearest_existing(const fs::path& path) {
  std::error_code error;
  fs::path existing = plain_path(path);
  while (!fs::exists(existing, error) && existing != existing.root_path())
    existing = existing.parent_path();
  return existing;
}

// Why nothing can be created in `folder`, 0 when something can. Tried out: permission bits say
// nothing of read-only file systems, nor to root.
int try_writing(const fs::path& folder) {
  // A name that clear_leftovers knows, should this process be killed here.
  const fs::path probe = folder / fmt::format("probe.tmp-{}", ::getpid());
  if (::mkdir(probe.c_str(), 0700) != 0) return errno;
  ::rmdir(probe.c_str());
  return 0;
}

}  // namespace

RunDirectory::RunDirectory(fs::path path, bool is_written)
    : path_(std::move(path)), found_(nearest_existing(path_)) {
  if (!is_written) return;
  tandem::create_directories(path_);
  lock_.emplace(path_);
  clear_leftovers(path_);
}

RunDirectory::~RunDirectory() {
  if (!is_written() || is_kept_ || found_ == plain_path(path_)) return;
  std::error_code ignored;
  for (const fs::path& file : {log(), config(), bad_samples()}) fs::remove(file, ignored);
  for (const char* name : kTokenizers) fs::remove(path_ / name, ignored);
  lock_->remove();
  // Only empty folders go: what others put there by now stays.
  for (fs::path folder = plain_path(path_); folder != found_; folder = folder.parent_path())
    if (::rmdir(folder.c_str()) != 0) return;
}

void RunDirectory::require_intact() const {
  if (!is_written() || lock_->is_intact()) return;
  throw Error(ErrorKind::kIo,
              {.what = "the run directory was removed, moved or replaced while the run went on",
               .where = path_.string(),
               .hint = "put it back under this name; the same command then resumes from its newest "
                       "checkpoint",
               .reason = "run directory gone"});
}

void RunDirectory::save_inputs(const RunConfig& config, const Tokenizer& tokenizer) const {
  if (!is_written()) return;
  write_file_atomically(this->config(), to_json(config));
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

fs::path require_writable(const fs::path& path) {
  const fs::path existing = nearest_existing(path);
  const int problem = try_writing(existing);
  if (problem == 0) return existing;
  throw Error(ErrorKind::kCannotCreate,
              {.what = "the run could not be saved here",
               .where = path.string(),
               .found = fmt::format("that {} cannot be written to: {}", existing.string(),
                                    describe_system_error(problem)),
               .hint = "another run.output_dir"});
}

}  // namespace tandem
