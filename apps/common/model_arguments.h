#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

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
void add_image_options(CLI::App& app, ImageInputOptions& images);

/// Returns the model that they name. Throws as model_directory and Pipeline::load.
[[nodiscard]] Pipeline load_pipeline(const ModelArguments& arguments);

/// Returns what changes whenever the weights of a model directory do: its name and when they were
/// written. Empty for an empty name.
[[nodiscard]] std::string weights_identity(const std::string& directory);

/// Calls use(part, first) for parts of `items` of a few batches each, `first` being the number of a
/// part's first item: results are written part by part. Items before `begin` are left out.
template <typename Item, typename Use>
void in_chunks(const std::vector<Item>& items, const Pipeline& pipeline, const Use& use,
               size_t begin = 0) {
  constexpr int64_t kBatches = 4;
  const auto step = static_cast<size_t>(pipeline.batch_size() * kBatches);
  for (size_t first = begin; first < items.size(); first += step) {
    const auto start = items.begin() + static_cast<std::ptrdiff_t>(first);
    const size_t count = std::min(step, items.size() - first);
    use(std::vector<Item>(start, start + static_cast<std::ptrdiff_t>(count)), first);
  }
}

}  // namespace tandem::apps
