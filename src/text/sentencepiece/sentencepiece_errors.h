#pragma once

#include <string>

#include <sentencepiece_processor.h>

namespace tandem {

/// Stops sentencepiece from writing to standard error; the setting is global in it, and our copy of
/// it is ours alone. Cheap after the first call; thread-safe.
void silence_sentencepiece();

/// Throws kInternal when `status` is not ok. `doing` says what was tried: sentencepiece's own text,
/// which shows lines of its source, goes last and only here, where no user input can be at fault.
void require_ok(const sentencepiece::util::Status& status, const std::string& doing);

}  // namespace tandem
