#include "clip_bench/resident.h"

#include <fstream>
#include <string>

namespace tandem::apps {
namespace {

int64_t status_bytes(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(key)) return std::stoll(line.substr(key.size() + 1)) * 1024;
  }
  return 0;
}

}  // namespace

int64_t peak_resident_bytes() { return status_bytes("VmHWM"); }

int64_t reset_peak_resident_bytes() {
  std::ofstream("/proc/self/clear_refs") << "5";
  return status_bytes("VmRSS");
}

}  // namespace tandem::apps
