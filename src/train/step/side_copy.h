#pragma once

#include <optional>

#include <c10/core/Stream.h>
#include <torch/types.h>

namespace tandem {

/// Brings tensors from the host to a device. To a GPU they travel in a stream of their own, beside
/// the work that is queued already: what is queued afterwards waits for them, the host does not,
/// provided their memory is pinned.
class SideCopy {
 public:
  explicit SideCopy(const torch::Device& device);
  [[nodiscard]] torch::Tensor operator()(const torch::Tensor& on_host) const;

 private:
  torch::Device device_;
  std::optional<c10::Stream> stream_;
};

}  // namespace tandem
