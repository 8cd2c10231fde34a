#include "train/step/side_copy.h"

#include <c10/core/Event.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

namespace tandem {

SideCopy::SideCopy(const torch::Device& device) : device_(device) {
  if (!device.is_cpu())
    stream_ = c10::impl::VirtualGuardImpl(device.type()).getStreamFromGlobalPool(device);
}

torch::Tensor SideCopy::operator()(const torch::Tensor& on_host) const {
  if (!stream_) return on_host.to(device_);
  const c10::Stream main = c10::impl::VirtualGuardImpl(device_.type()).getStream(device_);
  const c10::StreamGuard aside(*stream_);
  const torch::Tensor copied = on_host.to(device_, /*non_blocking=*/true);
  c10::Event arrived(device_.type());
  arrived.record(*stream_);
  arrived.block(main);
  // Its memory belongs to the side stream: it must not be given away while `main` still reads it.
  copied.record_stream(main);
  return copied;
}

}  // namespace tandem
