#pragma once

#include <string_view>

namespace tandem {

/// The Python files that are written beside exported weights: src/interop/python, as it is in the
/// tree.
extern const std::string_view kModelingPython;
extern const std::string_view kImageProcessingPython;

}  // namespace tandem
