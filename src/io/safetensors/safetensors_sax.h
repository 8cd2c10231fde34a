#pragma once

#include <string>
#include <string_view>

#include "io/safetensors/safetensors_header.h"

namespace tandem {

/// Reads the JSON of a safetensors header event by event, so that duplicate names are seen, nesting
/// is bounded by what the format allows, and no tree is built. Checks the form only, not the
/// numbers: offsets, sizes and gaps are for parse_safetensors_header. Throws kCheckpoint.
[[nodiscard]] SafetensorsHeader read_header_json(std::string_view json, const std::string& where);

}  // namespace tandem
