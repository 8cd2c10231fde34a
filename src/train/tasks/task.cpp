#include "tandem/train/task.h"

#include <limits>

#include "tandem/core/error.h"
#include "tandem/train/clip_task.h"

namespace tandem {

void Task::load_state(const TensorMap& state) {
  const TensorMap own = this->state();
  const torch::NoGradGuard no_grad;
  for (const auto& [name, tensor] : own) {
    const auto found = state.find(name);
    if (found == state.end() || found->second.sizes() != tensor.sizes()) {
      throw Error(ErrorKind::kCheckpoint,
                  {.what = "the state of the task does not fit", .where = name});
    }
    torch::Tensor(tensor).copy_(found->second);
  }
  if (own.size() == state.size()) return;
  throw Error(ErrorKind::kCheckpoint, {.what = "the state of the task holds other tensors",
                                       .expected = std::to_string(own.size()) + " tensors",
                                       .found = std::to_string(state.size())});
}

double Task::chance_loss(const Batch& /*batch*/) const {
  return std::numeric_limits<double>::quiet_NaN();
}

std::unique_ptr<Task> make_task(const TaskInputs& inputs) {
  switch (inputs.config.task.kind) {
    case TaskKind::kClip: return std::make_unique<ClipTask>(inputs);
  }
  TORCH_CHECK(false, "unknown task.kind ", static_cast<int>(inputs.config.task.kind));
}

}  // namespace tandem
