#pragma once

#include "tandem/interop/report.h"
#include "tandem/io/safetensors.h"

namespace tandem {

/// Returns `theirs` under the names that the model itself gives its tensors: without what
/// DistributedDataParallel (`module.`), torch.compile (`_orig_mod.`), FSDP and activation
/// checkpointing put anywhere into a name, without `model.` in front, and without the attribute
/// under which a program kept the model (`clip.visual.proj`). What lies beside that attribute is
/// left out, and listed in `report`. Throws kCheckpoint when there are two models of equal size
/// (`student.`, `teacher.`), or two tensors get one name.
[[nodiscard]] TensorMap unwrapped_names(const TensorMap& theirs, ConversionReport& report);

}  // namespace tandem
