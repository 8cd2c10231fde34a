#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include <torch/types.h>

#include "tandem/config/run_config.h"
#include "tandem/data/source.h"
#include "tandem/text/tokenizer.h"
#include "tandem/train/trainer.h"

namespace tandem {

/// What a run learns from, and its configuration with everything filled in that follows from it:
/// vocabulary and special ids, number of steps, warm-up.
struct TrainingInputs {
  RunConfig config;
  torch::Device device = torch::kCPU;
  std::shared_ptr<const Source> source;
  std::optional<Tokenizer> tokenizer;  ///< Always there; optional for want of a default.
  MakeTask make_task;
  std::shared_ptr<Communicator> communicator;
};

/// Returns the run's device and sets its number of CPU threads. Throws kDevice.
[[nodiscard]] torch::Device open_device(const RunOptions& options);

/// Opens the training data or takes that of `options`, loads the tokenizer (or trains it on the
/// captions) and resolves the configuration. `saved_tokenizer` is the one that an earlier part of
/// the run trained; empty for a new run. Throws kData, kMissingInput, kConfig, kCheckpoint.
[[nodiscard]] TrainingInputs open_inputs(RunConfig config, const torch::Device& device,
                                         const TrainerOptions& options,
                                         const std::filesystem::path& saved_tokenizer);

}  // namespace tandem
