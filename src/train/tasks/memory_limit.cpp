#include "train/tasks/memory_limit.h"

#include <algorithm>
#include <fstream>
#include <limits>

#include <fmt/format.h>

namespace tandem {
namespace fs = std::filesystem;
namespace {

constexpr uint64_t kUnlimited = std::numeric_limits<uint64_t>::max();
constexpr double kTight = 0.85;  // Loaders and the first checkpoint still add to the peak.

// The number that a file begins with; "max", as control groups write it, is no limit.
uint64_t number_in(const fs::path& file) {
  std::ifstream stream(file);
  uint64_t value = 0;
  return stream >> value ? value : kUnlimited;
}

// The smallest limit of a group and of those that it lies in.
uint64_t limit_of_group(const fs::path& base, fs::path group, const char* file) {
  uint64_t limit = kUnlimited;
  while (true) {
    limit = std::min(limit, number_in(base / group / file));
    if (group.empty()) return limit;
    group = group.parent_path();
  }
}

uint64_t limit_of_groups(const fs::path& root) {
  const fs::path base = root / "sys/fs/cgroup";
  std::ifstream groups(root / "proc/self/cgroup");
  uint64_t limit = kUnlimited;
  for (std::string line; std::getline(groups, line);) {  // "4:memory:/a/b", or "0::/a/b"
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const fs::path group = fs::path(line.substr(second + 1)).relative_path();
    if (controllers.empty())
      limit = std::min(limit, limit_of_group(base, group, "memory.max"));
    else if (("," + controllers + ",").find(",memory,") != std::string::npos)
      limit = std::min(limit, limit_of_group(base / "memory", group, "memory.limit_in_bytes"));
  }
  return limit;
}

uint64_t memory_of_machine(const fs::path& root) {
  std::ifstream info(root / "proc/meminfo");
  std::string name;
  uint64_t kilobytes = 0;
  return info >> name >> kilobytes && name == "MemTotal:" ? kilobytes * 1024 : kUnlimited;
}

}  // namespace

uint64_t memory_limit(const fs::path& root) {
  const uint64_t limit = std::min(limit_of_groups(root), memory_of_machine(root));
  return limit == kUnlimited ? 0 : limit;
}

std::string memory_warning(uint64_t peak, uint64_t limit) {
  if (limit == 0 || static_cast<double>(peak) < kTight * static_cast<double>(limit)) return {};
  return fmt::format(
      "the dry run took {} MB of the {} MB of memory that this process may use: beyond them the "
      "kernel ends it (exit 137); a smaller data.batch_size, data.prefetch_batches or "
      "data.loader_threads needs less",
      peak / 1'000'000, limit / 1'000'000);
}

}  // namespace tandem
