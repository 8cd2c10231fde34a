#pragma once

#include <filesystem>
#include <string>

namespace tandem {

/// Returns the safetensors file that `path` means: the file itself, that of a model directory or a
/// checkpoint, of the checkpoint that a file `latest` names, or of a run: its model or, where there
/// is none yet, its latest checkpoint. Throws kMissingInput; for a model of another library it
/// gives the clip-convert command.
[[nodiscard]] std::filesystem::path find_weights_file(const std::filesystem::path& path);

}  // namespace tandem
