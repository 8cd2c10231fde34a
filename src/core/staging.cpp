#include "core/staging.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/descriptor.h"
#include "tandem/core/files.h"

namespace tandem {
namespace fs = std::filesystem;
namespace {

struct Registry {
  std::mutex mutex;
  std::set<fs::path> paths;
};

// Never destroyed: a thread that a signal wakes may come after static objects are gone.
Registry& registry() {
  static auto* const instance = new Registry;
  return *instance;
}

bool is_dead(const std::string& process) {
  const bool numeric = !process.empty() && process.size() <= 9 &&
                       std::all_of(process.begin(), process.end(),
                                   [](unsigned char each) { return std::isdigit(each) != 0; });
  return numeric && ::kill(std::stoi(process), 0) != 0 && errno == ESRCH;
}

// Clears `path` where its name is that of a leftover; of `target` only, unless that is empty.
void clear(const fs::path& path, std::string_view mark, const fs::path& target) {
  const std::string name = path.filename().string();
  const size_t at = name.rfind(mark);
  if (at == std::string::npos || !is_dead(name.substr(at + mark.size()))) return;
  const fs::path owner = path.parent_path() / name.substr(0, at);
  if (!target.empty() && owner.filename() != target.filename()) return;
  std::error_code error;
  if (mark == ".old-" && !fs::exists(owner, error)) {
    fs::rename(path, owner, error);
  } else {
    fs::remove_all(path, error);
  }
}

void clear_in(const fs::path& folder, const fs::path& target) {
  for (const fs::path& path : entries_of(folder))
    for (const std::string_view mark : {".tmp-", ".old-"}) clear(path, mark, target);
}

// Another thread may still be writing into it.
void remove_persistently(const fs::path& path) {
  std::error_code error;
  for (int attempt = 0; attempt < 100; ++attempt) {
    fs::remove_all(path, error);
    if (!fs::exists(fs::symlink_status(path, error))) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

}  // namespace

fs::path staging_name(const fs::path& target) {
  return target.string() + ".tmp-" + std::to_string(::getpid());
}

StagingMark::StagingMark(fs::path path) : path_(std::move(path)) {
  const auto lock = lock_staging();
  registry().paths.insert(path_);
}

StagingMark::StagingMark(const std::function<fs::path()>& create) {
  const auto lock = lock_staging();
  path_ = create();
  registry().paths.insert(path_);
}

StagingMark::~StagingMark() {
  const auto lock = lock_staging();
  registry().paths.erase(path_);
}

std::unique_lock<std::mutex> lock_staging() { return std::unique_lock(registry().mutex); }

void remove_staging() noexcept {
  registry().mutex.lock();
  for (const fs::path& path : registry().paths) remove_persistently(path);
}

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error))
    entries.push_back(entry->path());
  return entries;
}

void clear_leftovers(const fs::path& folder) { clear_in(folder, {}); }

void clear_leftovers_of(const fs::path& target) { clear_in(folder_of(target), target); }

}  // namespace tandem
