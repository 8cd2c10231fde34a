#pragma once

#include <filesystem>
#include <optional>

#include "tandem/train/checkpoint.h"
#include "tandem/train/trainer.h"
#include "train/run_directory.h"
#include "train/training_inputs.h"

namespace tandem {

/// A checkpoint that a run goes on from.
struct ResumePoint {
  std::filesystem::path path;
  Checkpoint checkpoint;
};

/// Returns what the run in `directory` goes on from, nothing for a new run. Throws kCannotCreate
/// when a new run would write over checkpoints that are there, kCheckpoint when the wanted one
/// cannot be read.
[[nodiscard]] std::optional<ResumePoint> choose_resume_point(const RunDirectory& directory,
                                                             const TrainerOptions& options);

/// Returns the tokenizer that the run of `point` saved.
[[nodiscard]] std::filesystem::path saved_tokenizer(const ResumePoint& point);

/// Throws kConfig with every difference when `inputs` are not those of `point` in what makes the
/// run the same: architecture, batch size, seed, tokenizer, data. Other differences are allowed,
/// with a warning that lists them.
void require_same_run(const ResumePoint& point, const TrainingInputs& inputs);

}  // namespace tandem
