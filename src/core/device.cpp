#include "tandem/core/device.h"

#include <algorithm>
#include <thread>

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>

#include "tandem/core/error.h"

namespace tandem {
namespace {

[[noreturn]] void reject(const std::string& name) {
  throw Error(ErrorKind::kUsage,
              {.what = "unknown device", .expected = "auto, cpu, cuda or cuda:N", .found = name});
}

// Wider than torch::DeviceIndex, which three digits overflow.
int parse_cuda_index(const std::string& name) {
  if (name == "cuda") return 0;
  if (!name.starts_with("cuda:")) reject(name);
  const std::string digits = name.substr(5);
  const bool numeric =
      !digits.empty() && digits.size() <= 3 && std::all_of(digits.begin(), digits.end(), ::isdigit);
  if (!numeric) reject(name);
  return std::stoi(digits);
}

}  // namespace

torch::Device resolve_device(const std::string& name) {
  const int cuda_devices = at::hasCUDA() ? at::detail::getCUDAHooks().deviceCount() : 0;
  if (name == "auto")
    return cuda_devices > 0 ? torch::Device(torch::kCUDA, 0) : torch::Device(torch::kCPU);
  if (name == "cpu") return torch::Device(torch::kCPU);
  const int index = parse_cuda_index(name);
  if (index >= cuda_devices) {
    const std::string found =
        cuda_devices == 0 ? "no CUDA device" : std::to_string(cuda_devices) + " CUDA device(s)";
    throw Error(ErrorKind::kDevice, {.what = "device " + name + " is not available",
                                     .found = found + " on this machine",
                                     .hint = "device \"cpu\", or \"auto\" to take what is there"});
  }
  return torch::Device(torch::kCUDA, static_cast<torch::DeviceIndex>(index));
}

torch::ScalarType parse_precision(std::string_view name) {
  if (name == "fp32") return torch::kFloat32;
  if (name == "bf16") return torch::kBFloat16;
  throw Error(ErrorKind::kUsage, {.what = "unknown precision",
                                  .expected = "fp32, bf16, or int8 where a model is only used",
                                  .found = std::string(name)});
}

at::Generator make_generator(const torch::Device& device, uint64_t seed) {
  if (device.is_cpu()) return at::make_generator<at::CPUGeneratorImpl>(seed);
  at::Generator generator = at::detail::getCUDAHooks().getNewGenerator(device.index());
  generator.set_current_seed(seed);
  return generator;
}

void set_cpu_threads(int count) {
  at::set_num_threads(
      count > 0 ? count : static_cast<int>(std::max(1U, std::thread::hardware_concurrency())));
}

}  // namespace tandem
