#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tandem/config/run_config.h"
#include "tandem/data/source.h"
#include "tandem/distributed/communicator.h"
#include "tandem/text/tokenizer.h"
#include "tandem/train/task.h"

namespace tandem {

class TrainingLoop;

/// What one logged step was like. Averages are over the steps since the last log.
struct StepStats {
  int64_t step = 0;  ///< Steps done, this one included.
  int64_t total_steps = 0;
  double epoch = 0;
  double loss = 0;         ///< Mean loss of the steps that counted, NaN when none did.
  double chance_loss = 0;  ///< The loss of guessing: ln(batch size) for info_nce.
  double lr = 0;
  double grad_norm = 0;
  double pairs_per_second = 0;
  double data_wait_ratio = 0;  ///< Share of the time spent waiting for batches.
  double eta_seconds = 0;
  int64_t skipped_steps = 0;  ///< Steps left out for non-finite numbers, since the start.
  int64_t rollbacks = 0;  ///< Returns to a checkpoint after a spike of the loss, since the start.
  Metrics task_values = {};  ///< Task::log_values, and the means of TaskLosses::terms.
};

/// What came of a run. Of several processes rank 0 knows the losses: final_loss of the others is
/// NaN, and their at_chance is empty.
struct TrainSummary {
  int64_t steps = 0;
  double final_loss = 0;     ///< Mean loss of the last logged steps.
  bool interrupted = false;  ///< Stopped by request_stop; a checkpoint is written.
  double seconds = 0;
  Metrics metrics = {};  ///< Of the last evaluation.
  int64_t failed_evaluations = 0;
  /// What shows that the run ended at chance, one sentence each; empty when it has learnt
  /// something.
  std::vector<std::string> at_chance = {};
  std::filesystem::path model_directory = {};  ///< Empty when interrupted.
  int64_t model_step = 0;                      ///< The step that the model in it is of.
};

/// How an existing run directory is treated: kAuto resumes from its newest checkpoint, if there is
/// one; kNever starts from the beginning and refuses a directory with checkpoints; kFrom resumes
/// from a named checkpoint, which may be of another run.
enum class Resume { kAuto, kNever, kFrom };
struct TrainerOptions {
  Resume resume = Resume::kAuto;
  std::filesystem::path resume_from = {};  ///< Checkpoint directory, with Resume::kFrom.
  MakeTask make_task = tandem::make_task;  ///< What is trained.
  /// The training data where data.train.kind is program. Its fingerprint decides whether a run can
  /// be resumed.
  std::shared_ptr<const Source> source = {};
  /// The processes that train together. Every one of them makes a Trainer of the same
  /// configuration; data.batch_size is that of all together, in equal parts. Rank 0 writes the run
  /// directory, which all of them can read, and all begin with its weights.
  std::shared_ptr<Communicator> communicator = single_process();
};

/// Trains the task of a configuration. Construction does everything that can fail early: device,
/// tokenizer, data, folders, resume; where it fails, a run directory that was not there before is
/// not there afterwards. Throws tandem::Error of the kind in question: kCannotCreate when another
/// process trains in the same folder; kConfig, with a table of differences, when a run to resume
/// differs in task, architecture, batch size, seed, tokenizer or data. Every other setting may
/// change, with a warning. An error of one rank ends all of them: the others throw kInterrupted.
/// Where ranks differ in configuration, data, tokenizer or checkpoint, all throw kConfig.
/// One run at a time per object; not thread-safe except request_stop.
class Trainer {
 public:
  explicit Trainer(RunConfig config, const TrainerOptions& options = {});
  ~Trainer();

  /// Called every train.log_every_steps steps.
  void on_log(std::function<void(const StepStats&)> callback);
  /// Called after each evaluation with its metrics.
  void on_evaluation(std::function<void(int64_t step, const Metrics&)> callback);
  /// Adds an evaluation to run every eval.every_steps steps and at the end. A checkpoint is saved
  /// before.
  void add_evaluator(Evaluator evaluator);
  /// Trains to the end or to request_stop, and returns what came of it. A run that is complete
  /// already saves its model and evaluates once more. Checkpoints are written in the background; a
  /// failure there is thrown at the next step. Throws kDiverged after too many bad steps in a row
  /// or rollbacks to one checkpoint, kData, kIo, and StallError when a batch does not come (the
  /// state is saved then).
  TrainSummary run();
  /// Asks run() to finish its step, save and return. Async-signal-safe and thread-safe.
  void request_stop() noexcept { stop_requested_.store(true); }

  [[nodiscard]] const RunConfig& config()
      const;  ///< Resolved: vocab_size, steps and warm-up filled in.
  [[nodiscard]] const std::filesystem::path& run_directory() const;
  [[nodiscard]] int64_t start_step() const;  ///< 0, or the step that was resumed from.
  [[nodiscard]] const Task& task() const;
  [[nodiscard]] const Tokenizer& tokenizer() const;

 private:
  std::unique_ptr<TrainingLoop> loop_;
  std::atomic<bool> stop_requested_{false};
};

/// What --dry-run found out: everything but the training was done once.
struct DryRunReport {
  int64_t parameters = 0;
  int64_t samples_checked = 0;
  int64_t bad_samples = 0;
  double seconds_per_step = 0;
  double estimated_seconds = 0;  ///< Of the steps that the run has before it.
  double memory_mb = 0;          ///< Peak resident memory so far.
  double checkpoint_mb = 0;      ///< Of rank 0, which writes it.
  Metrics metrics = {};          ///< Of the evaluations, which saw little data: their names count.
};

/// Checks a configuration by doing, on every process of the run: opens everything, with `options`
/// also what the run would resume from, loads 64 samples, runs two steps from there, runs
/// `evaluators`, writes one checkpoint to a temporary folder and reads it back. Leaves no trace in
/// the run directory, but finds out whether it can be written to. Throws as Trainer does.
[[nodiscard]] DryRunReport dry_run(const RunConfig& config, const TrainerOptions& options = {},
                                   const std::vector<Evaluator>& evaluators = {});

}  // namespace tandem
