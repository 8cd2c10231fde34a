#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "tandem/config/run_config.h"

namespace tandem {

/// Returns the configuration of `path`, with `overrides` ("optim.lr=3e-4") on top and those of the
/// environment variable TANDEM_SET (same form, separated by white space) between the two. Relative
/// paths inside stay as written; a leading `~` is replaced by the user's home. Throws kMissingInput
/// when the file is not there, and kConfig with every mistake at once otherwise: unknown key (with
/// the nearest known one), duplicate key, wrong type, null, out of range, values that contradict
/// each other; each with its JSON path, and line and column in the file. A value
/// that replaces one of the file is logged. The presets named by `model.text.preset`,
/// `model.image.preset` and `data.transform.preset` come before all of them. At most 16 MB, nested
/// 64 deep; a byte order mark is skipped, comments are not JSON, and `$schema` at the top is the
/// one key that is tolerated.
///
/// What `model.pretrained`, `model.text.pretrained` and `model.image.pretrained` name comes before
/// the presets: architecture, tokenizer and preprocessing of that model. A value beside it that the
/// weights cannot be read with is a mistake; one that changes what they compute is logged as a
/// warning.
[[nodiscard]] RunConfig load_run_config(const std::filesystem::path& path,
                                        const std::vector<std::string>& overrides = {});

/// The same for text in memory; messages call it `name`. Nothing else is read: not
/// TANDEM_SET, and no pretrained model's configuration.
[[nodiscard]] RunConfig parse_run_config(std::string_view json,
                                         const std::vector<std::string>& overrides = {},
                                         const std::string& name = "config");

/// Throws kConfig with every value out of range and every contradiction between values, as
/// load_run_config does after reading: for configurations that were not read from JSON.
void validate(const RunConfig& config);

/// The same for options that a model is to be made of: `text.vocab_size` must be known, too.
void validate(const ModelOptions& model);

/// Returns every field with its value as JSON, in the order of the reference, without a final line
/// break; parse_run_config reads it back unchanged. Optional fields that are not set are left out.
[[nodiscard]] std::string to_json(const RunConfig& config);

/// The model and transform part alone, as a model directory's config.json holds it, and back.
/// `to_json` of these has the sections `model`, `tokenizer` and `data.transform` only. A model
/// saved before `data.transform.background` was known ignores transparency (drop).
struct ModelConfig {
  ModelOptions model = {};
  TokenizerOptions tokenizer = {};
  ImageTransformOptions transform = {};
};
[[nodiscard]] std::string to_json(const ModelConfig& config);
[[nodiscard]] ModelConfig parse_model_config(std::string_view json, const std::string& name);

/// Throws kConfig, with line and column, when `json` is not JSON, holds more than 16 MB, nests
/// deeper than 64, or names a key twice in one object; messages call it `name`.
void check_json(std::string_view json, const std::string& name);

/// One data source given as JSON text, as an entry of clip-eval's task file has it ({"kind":
/// "table", "path": ...}).
[[nodiscard]] SourceOptions parse_source(std::string_view json, const std::string& name);

/// JSON Schema (draft-07) of the configuration, and the reference page in Markdown, both without a
/// final line break. Both come from the table that parses.
[[nodiscard]] std::string config_schema();
[[nodiscard]] std::string config_reference();

/// Whether a run can be resumed with another value of a field.
enum class OnResume {
  kMayChange,
  kFixed,    ///< Another value makes another run.
  kIgnored,  ///< The field says where the run is stored; both values are right.
};

/// A field whose values differ between two configurations.
struct ConfigDifference {
  std::string path = {};    ///< "optim.lr"
  std::string before = {};  ///< The value as JSON; "unset" for an optional field without one.
  std::string after = {};
  OnResume on_resume = OnResume::kMayChange;

  friend bool operator==(const ConfigDifference&, const ConfigDifference&) = default;
};

/// Returns the fields in which two configurations differ, in the order of the reference.
[[nodiscard]] std::vector<ConfigDifference> config_differences(const RunConfig& before,
                                                               const RunConfig& after);

/// Returns "optim.lr: 0.0005 -> 0.001".
[[nodiscard]] std::string to_string(const ConfigDifference& difference);

}  // namespace tandem
