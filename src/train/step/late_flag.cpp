#include "train/step/late_flag.h"

#include <c10/core/impl/VirtualGuardImpl.h>

namespace tandem {

LateFlag::LateFlag(const torch::Tensor& flag) : on_host_(flag) {
  if (flag.is_cpu()) return;
  on_host_ = torch::empty({}, torch::dtype(torch::kBool).pinned_memory(true));
  on_host_.copy_(flag, /*non_blocking=*/true);
  const c10::impl::VirtualGuardImpl device(flag.device().type());
  arrived_.emplace(flag.device().type());
  arrived_->record(device.getStream(flag.device()));
}

bool LateFlag::read() const {
  if (arrived_) arrived_->synchronize();
  return on_host_.item<bool>();
}

}  // namespace tandem
