#include "clip_bench/peak_memory.h"

#include <fstream>
#include <string>

#include <c10/core/CachingDeviceAllocator.h>
#include <torch/version.h>

#define TANDEM_DEVICE_STATS (TORCH_VERSION_MAJOR > 2 || TORCH_VERSION_MINOR >= 9)

namespace tandem::apps {
namespace {

int64_t status_bytes(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(key)) return std::stoll(line.substr(key.size() + 1)) * 1024;
  }
  return 0;
}

#if TANDEM_DEVICE_STATS
c10::CachingDeviceAllocator::Stat tensors_on(const torch::Device& device) {
  const auto kind = static_cast<size_t>(c10::CachingAllocator::StatType::AGGREGATE);
  return c10::getDeviceAllocator(device.type())
      ->getDeviceStats(device.index())
      .allocated_bytes[kind];
}
#endif

}  // namespace

int64_t peak_bytes(const torch::Device& device) {
#if TANDEM_DEVICE_STATS
  if (!device.is_cpu()) return tensors_on(device).peak;
#endif
  return device.is_cpu() ? status_bytes("VmHWM") : 0;
}

int64_t reset_peak_bytes(const torch::Device& device) {
#if TANDEM_DEVICE_STATS
  if (!device.is_cpu()) {
    c10::getDeviceAllocator(device.type())->resetPeakStats(device.index());
    return tensors_on(device).current;
  }
#endif
  if (!device.is_cpu()) return 0;
  std::ofstream("/proc/self/clear_refs") << "5";
  return status_bytes("VmRSS");
}

}  // namespace tandem::apps
