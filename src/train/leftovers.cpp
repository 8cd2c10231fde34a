#include "train/leftovers.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <string>
#include <string_view>
#include <vector>

namespace tandem {
namespace fs = std::filesystem;
namespace {

bool is_dead(const std::string& process) {
  const bool numeric = !process.empty() && process.size() <= 9 &&
                       std::all_of(process.begin(), process.end(),
                                   [](unsigned char each) { return std::isdigit(each) != 0; });
  return numeric && ::kill(std::stoi(process), 0) != 0 && errno == ESRCH;
}

void clear(const fs::path& path, std::string_view mark) {
  const std::string name = path.filename().string();
  const size_t at = name.rfind(mark);
  if (at == std::string::npos || !is_dead(name.substr(at + mark.size()))) return;
  const fs::path target = path.parent_path() / name.substr(0, at);
  std::error_code error;
  if (mark == ".old-" && !fs::exists(target, error)) {
    fs::rename(path, target, error);
  } else {
    fs::remove_all(path, error);
  }
}

}  // namespace

void clear_leftovers(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error))
    entries.push_back(entry->path());
  for (const fs::path& path : entries)
    for (const std::string_view mark : {".tmp-", ".old-"}) clear(path, mark);
}

}  // namespace tandem
