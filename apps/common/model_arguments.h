#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include "tandem/inference/pipeline.h"

namespace tandem::apps {

/// --model, --device, --precision and --batch-size, which every program that uses a model has.
struct ModelArguments {
  std::string directory;
  PipelineOptions options;
};

/// Declares these options; `arguments` must live until parsing is over.
void add_model_options(CLI::App& app, ModelArguments& arguments);

/// --background, --exif and --max-image-pixels, which every program has that embeds images.
void add_picture_options(CLI::App& app, PictureOptions& pictures);

/// Returns the model that they name. Throws as model_directory and Pipeline::load.
[[nodiscard]] Pipeline load_pipeline(const ModelArguments& arguments);

}  // namespace tandem::apps
