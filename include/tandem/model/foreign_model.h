#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace tandem {

/// A model of another library, as its files show it.
struct ForeignModel {
  std::string format;      ///< clip-convert's name for it: hf or open_clip.
  bool pickled = false;    ///< Its weights are files of torch.save.
  bool has_config = true;  ///< Whether its configuration lies there, too.
};

/// Returns whose model `path` is: a directory of Hugging Face or open_clip, or one file of their
/// weights. Nothing for a model of Tandem, and for what is no model.
[[nodiscard]] std::optional<ForeignModel> recognize_foreign_model(
    const std::filesystem::path& path);

/// Returns the command that makes a model directory of ours of it, ready for a shell.
[[nodiscard]] std::string convert_command(const std::filesystem::path& path,
                                          const ForeignModel& foreign);

/// Throws kMissingInput with convert_command when `path` is a model of another library.
void refuse_foreign_model(const std::filesystem::path& path);

}  // namespace tandem
