#pragma once

#include <filesystem>
#include <optional>

#include "tandem/train/checkpoint.h"
#include "tandem/train/trainer.h"
#include "tandem/train/training_inputs.h"

namespace tandem {

/// A checkpoint that a run resumes from.
struct ResumePoint {
  std::filesystem::path path;
  Checkpoint checkpoint;
};

/// find_latest_checkpoint, or peek_latest_checkpoint for one who must not change the run.
using FindNewest = std::optional<std::filesystem::path> (*)(const std::filesystem::path& folder);

/// Returns what the run in the directory `run` resumes from, nothing for a new run. Throws
/// kCannotCreate when a new run would write over checkpoints that are there, kMissingInput and
/// kCheckpoint when the wanted one is not there or cannot be read.
[[nodiscard]] std::optional<ResumePoint> choose_resume_point(const std::filesystem::path& run,
                                                             const TrainerOptions& options,
                                                             FindNewest find_newest);

/// Returns the tokenizer that the run of `point` saved, an empty path for a new run.
[[nodiscard]] std::filesystem::path saved_tokenizer(const std::optional<ResumePoint>& point);

/// Fills in data.transform.background where it is empty: with what the run of `point` did, which is
/// to ignore transparency where it was started before there was this key; white for a new run.
void settle_background(RunConfig& config, const std::optional<ResumePoint>& point);

/// Throws kConfig with every difference when `inputs` are not those of `point` in what makes the
/// run the same: architecture, batch size, seed, tokenizer, data. Other differences are allowed,
/// with a warning that lists them.
void require_same_run(const ResumePoint& point, const TrainingInputs& inputs);

}  // namespace tandem
