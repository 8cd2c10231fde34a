#include "tandem/train/task.h"

#include <limits>

#include "io/safetensors/copy_tensors.h"
#include "tandem/train/blip_task.h"
#include "tandem/train/captioner_task.h"
#include "tandem/train/clip_task.h"

namespace tandem {

void Task::load_state(const TensorMap& state) { copy_tensors(state, this->state(), "task state"); }

double Task::chance_loss(const Batch& /*batch*/) const {
  return std::numeric_limits<double>::quiet_NaN();
}

std::unique_ptr<Task> make_task(const TaskInputs& inputs) {
  switch (inputs.config.task.kind) {
    case TaskKind::kClip: return std::make_unique<ClipTask>(inputs);
    case TaskKind::kCaptioner: return std::make_unique<CaptionerTask>(inputs);
    case TaskKind::kBlip: return std::make_unique<BlipTask>(inputs);
  }
  TORCH_CHECK(false, "unknown task.kind ", static_cast<int>(inputs.config.task.kind));
}

}  // namespace tandem
