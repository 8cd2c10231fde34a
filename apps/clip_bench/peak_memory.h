#pragma once

#include <cstdint>

#include <torch/types.h>

namespace tandem::apps {

/// Largest memory taken since it was reset: resident in this process on the CPU, in tensors on a
/// GPU; 0 where the system, or a LibTorch before 2.9, does not tell.
[[nodiscard]] int64_t peak_bytes(const torch::Device& device);
/// Starts that count over and returns what is taken now. Where the system does not allow it, the
/// count continues.
int64_t reset_peak_bytes(const torch::Device& device);

}  // namespace tandem::apps
