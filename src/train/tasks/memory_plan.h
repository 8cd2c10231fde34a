#pragma once

#include <string>

#include "tandem/config/run_config.h"
#include "tandem/model/clip_model.h"

namespace tandem {

/// Bytes that a training step holds on its device at most, as the shapes ask for: every text as
/// long as context_length. Without the images that wait, and what the allocator keeps beside it.
struct MemoryPlan {
  double weights = 0;
  double gradients = 0;    ///< Those of each slice as well, and fp32 ones beside bf16.
  double optimizer = 0;    ///< Both moments, and fp32 weights beside bf16.
  double activations = 0;  ///< What the backward pass reads, of one micro-batch.
  double loss = 0;         ///< Embeddings, their gradients, and tiles of logits.
  [[nodiscard]] double total() const {
    return weights + gradients + optimizer + activations + loss;
  }
};

/// Returns the plan of a run with this model, which has its precision already.
[[nodiscard]] MemoryPlan plan_memory(const RunConfig& config, const ClipModel& model);

/// Returns the plan in one line, for the log.
[[nodiscard]] std::string memory_plan_line(const MemoryPlan& plan);

}  // namespace tandem
