#pragma once

#include "interop/names/layout.h"
#include "interop/names/name_map.h"
#include "tandem/config/model_options.h"

namespace tandem {

/// Returns the name map of a layout; `options` tell which form of projection it has.
[[nodiscard]] NameMap name_map(Layout layout, const ModelOptions& options);

/// Returns `theirs` under the names that today's releases write: leading `module.`, `roberta.` and
/// the like go, `gamma` and `beta` become weight and bias. Tensors that carry no weight of the
/// model (position id buffers, heads of other tasks) are left out and named in `report.dropped`.
[[nodiscard]] TensorMap modern_names(Layout layout, const TensorMap& theirs,
                                     ConversionReport& report);

/// Leaves out the rows of a BERT-like position table that no text of `text` reaches, and names them
/// in `report.dropped`.
void drop_unreached_positions(const TextEncoderOptions& text, TensorMap& theirs,
                              ConversionReport& report);

}  // namespace tandem
