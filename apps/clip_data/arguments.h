#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "tandem/config/run_config.h"
#include "tandem/data/source.h"

namespace tandem::apps {

/// The data of a run: --config, --set and --split, which every verb of clip-data has.
struct DataArguments {
  std::string config;
  std::vector<std::string> overrides;
  std::string split = "train";
};

/// Declares these options on a verb; `arguments` must live until parsing is over.
void add_data_options(CLI::App& verb, DataArguments& arguments);

/// Declares --background, --exif and --max-image-pixels on a verb that decodes images.
void add_image_options(CLI::App& verb, DataArguments& arguments);

/// A data source with the configuration that names it.
struct RunData {
  RunConfig config;
  std::unique_ptr<Source> source;
};
/// The options of the chosen split. Throws kConfig when the configuration has none.
[[nodiscard]] const SourceOptions& chosen_source(const RunConfig& config,
                                                 const DataArguments& arguments);
/// Throws as load_run_config and open_source; kConfig when the configuration has no such split.
[[nodiscard]] RunData open_data(const DataArguments& arguments);

}  // namespace tandem::apps
