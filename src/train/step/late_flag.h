#pragma once

#include <optional>

#include <c10/core/Event.h>
#include <torch/types.h>

namespace tandem {

/// A yes or no that a device works out, on its way to the host. Making one does not wait; read()
/// waits for the work that was queued before it was made, and for nothing queued since.
class LateFlag {
 public:
  /// `flag` is a bool scalar on the device.
  explicit LateFlag(const torch::Tensor& flag);
  [[nodiscard]] bool read() const;

 private:
  torch::Tensor on_host_;
  std::optional<c10::Event> arrived_;
};

}  // namespace tandem
