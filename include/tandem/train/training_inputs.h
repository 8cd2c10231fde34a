#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include <torch/types.h>

#include "tandem/config/run_config.h"
#include "tandem/data/loader.h"
#include "tandem/data/source.h"
#include "tandem/text/tokenizer.h"

namespace tandem {

/// What a run learns from, and its configuration with everything filled in that follows from it:
/// vocabulary and special ids, number of steps, warm-up.
struct TrainingInputs {
  RunConfig config;
  torch::Device device = torch::kCPU;
  std::shared_ptr<const Source> source;
  std::optional<Tokenizer> tokenizer;  ///< Always set; optional because there is no empty one.
};

/// What open_inputs does not take from the configuration.
struct InputsOptions {
  std::shared_ptr<const Source> source = {};  ///< The data where data.train.kind is program.
  /// The tokenizer that an earlier part of the run trained; empty for a new run.
  std::filesystem::path saved_tokenizer = {};
};

/// Returns the run's device and sets its number of CPU threads, for the whole process. Throws
/// kDevice.
[[nodiscard]] torch::Device open_device(const RunOptions& options);

/// Opens the training data, loads the tokenizer (or trains it on the captions) and resolves the
/// configuration. Throws kData, kMissingInput, kConfig, kCheckpoint.
[[nodiscard]] TrainingInputs open_inputs(RunConfig config, const torch::Device& device,
                                         const InputsOptions& options = {});

/// Returns the options of a loader for these inputs, from the beginning of the stream, for one
/// process.
[[nodiscard]] LoaderOptions loader_options(const TrainingInputs& inputs);

}  // namespace tandem
