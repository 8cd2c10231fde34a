#pragma once

#include <array>
#include <string>
#include <string_view>

#include <torch/types.h>

namespace tandem {

/// Returns the device called `name`: `cpu`, `cuda`, `cuda:N`, or `auto` (the first CUDA device if
/// there is one, else the CPU). Throws kDevice when that device is not on this machine, kUsage for
/// another name.
[[nodiscard]] torch::Device resolve_device(const std::string& name);

/// Returns the dtype called `name`: `fp32` or `bf16`. Throws kUsage for another name.
[[nodiscard]] torch::ScalarType parse_precision(std::string_view name);

/// Returns a fresh generator on `device`, seeded with `seed`; nothing global is touched.
[[nodiscard]] at::Generator make_generator(const torch::Device& device, uint64_t seed);

/// Sets the number of threads that one tensor operation may use; 0 takes one per core.
/// Process-wide.
void set_cpu_threads(int count);

/// Returns the tensor's sizes, checked to be exactly `Rank` of them, to be unpacked by name: `const
/// auto [B, T, D] = dims<3>(x);`
template <size_t Rank>
[[nodiscard]] std::array<int64_t, Rank> dims(const torch::Tensor& tensor) {
  TORCH_CHECK(tensor.dim() == static_cast<int64_t>(Rank), "expected a tensor of rank ", Rank,
              ", got shape ", tensor.sizes());
  std::array<int64_t, Rank> sizes;
  for (size_t axis = 0; axis < Rank; ++axis) sizes[axis] = tensor.size(static_cast<int64_t>(axis));
  return sizes;
}

}  // namespace tandem
