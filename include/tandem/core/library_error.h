#pragma once

#include <exception>

#include "tandem/core/error.h"

namespace tandem {

/// Returns what a library threw as an Error in one line: what was wrong and where, without its name
/// for the exception, a stack trace, or values in full. An Error of ours comes back as it is.
/// Kinds: kInternal for a lack of memory and for what LibTorch throws, kDevice for a thread that
/// cannot be started, kMissingInput for a path that is not there, kIo for another fault of the file
/// system, kData for JSON.
[[nodiscard]] Error library_error(const std::exception& error);

}  // namespace tandem
