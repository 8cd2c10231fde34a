#pragma once

#include <filesystem>
#include <string>

#include "tandem/interop/convert.h"

namespace tandem::apps {

/// Throws kCheckpoint with the names of weights that are NaN or infinite; `where` names the model.
void require_finite(const ClipModel& model, const std::string& where);

/// Returns the folder that holds a model's configuration and tokenizer: `input`, or that of a file.
[[nodiscard]] std::filesystem::path folder_of_model(const std::filesystem::path& input);

struct WrittenModel {
  ConversionReport report;
  std::string tokenizer;  ///< What became of the tokenizer, as a line; empty without a text tower.
};

/// Writes `source`, read from `input` (a directory, or a file with its tokenizer beside it), into
/// `directory` as a model of ours, tokenizer and golden sample included, and loads it as a user
/// will. Throws as save_model and Pipeline::load.
[[nodiscard]] WrittenModel write_imported_model(const ImportedModel& source,
                                                const std::filesystem::path& input,
                                                const std::filesystem::path& directory);

/// Returns `path` where it is no model of another library. Else the model directory that it is
/// converted to at first use, checked as `clip-convert --verify` does and kept in
/// $XDG_CACHE_HOME/tandem/models (~/.cache without that variable) under a name that follows from
/// the files' names, sizes and times; one log line says so. Throws as import_model, and
/// kCannotCreate where the cache cannot be written; each error ends with the clip-convert command.
[[nodiscard]] std::filesystem::path model_directory(const std::filesystem::path& path);

}  // namespace tandem::apps
