#include "clip_train/commands.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <unistd.h>

#include <fmt/format.h>

#include "clip_train/progress.h"
#include "clip_train/stop_signals.h"
#include "common/text_io.h"
#include "tandem/core/error.h"
#include "tandem/data/stall_error.h"
#include "tandem/eval/evaluators.h"
#include "tandem/interop/export_targets.h"
#include "tandem/train/clip_task.h"
#include "tandem/train/trainer.h"

namespace tandem::apps {
namespace {

TrainerOptions resume_options(const std::string& resume) {
  if (resume == "auto") return {};
  if (resume.empty()) {
    throw Error(ErrorKind::kUsage, {.what = "names nothing",
                                    .where = "--resume",
                                    .expected = "auto, never or a folder step-NNNNNNNN"});
  }
  if (resume == "never") return {.resume = Resume::kNever};
  return {.resume = Resume::kFrom, .resume_from = resume};
}

// For a dry run, which only tries whether the evaluations work.
RunConfig on_few_samples(RunConfig config) {
  constexpr int64_t kSamples = 64;
  config.eval.max_samples = std::min(config.eval.max_samples, kSamples);
  config.eval.templates.resize(1);
  return config;
}

std::vector<Evaluator> evaluators_of(const RunConfig& config) {
  std::vector<Evaluator> evaluators;
  for (auto& each : make_evaluators(config)) evaluators.push_back(on_clip(std::move(each)));
  return evaluators;
}

TrainSummary run(Trainer& trainer) {
  try {
    return trainer.run();
  } catch (const StallError& error) {
    // The state is saved; a destructor would wait for the thread that hangs.
    write_note(fmt::format("error: {}\n", error.what()));
    ::_exit(exit_code(error.kind()));
  }
}

// What a model of this run can become afterwards: better known now than when it is trained.
void tell_export_targets(const RunConfig& config) {
  if (config.task.kind != TaskKind::kClip) return;
  const ModelConfig model{
      .model = config.model, .tokenizer = config.tokenizer, .transform = config.data.transform};
  write_note(fmt::format("The model can be exported to {}.\n", describe(export_targets(model))));
}

}  // namespace

int run_check(const RunConfig& config, const std::string& resume) {
  const TrainerOptions options = resume_options(resume);
  check_best_metric(config);
  const DryRunReport report = dry_run(config, options, evaluators_of(on_few_samples(config)));
  write_note(fmt::format(
      "The configuration works: {} parameters, {} samples checked, {} of them invalid.\n"
      "One step takes {:.3f} s, the run about {}; {:.0f} MB of memory so far, {:.1f} MB per "
      "checkpoint.\n",
      report.parameters, report.samples_checked, report.bad_samples, report.seconds_per_step,
      describe_seconds(report.estimated_seconds), report.memory_mb, report.checkpoint_mb));
  tell_export_targets(config);
  write_output(to_json(report) + "\n");
  return 0;
}

int run_training(const RunConfig& config, const std::string& resume) {
  const TrainerOptions options = resume_options(resume);
  // Before the trainer, so that data to evaluate on that is not there costs no run directory.
  check_best_metric(config);
  std::vector<Evaluator> evaluators = evaluators_of(config);
  Trainer trainer(config, options);
  // Before the first note: who reads that the run resumes may stop it at once.
  const StopSignals signals(trainer);
  for (Evaluator& each : evaluators) trainer.add_evaluator(std::move(each));
  if (trainer.start_step() > 0)
    write_note(fmt::format("Resuming after step {}.\n", trainer.start_step()));
  tell_export_targets(config);
  Progress progress(notes_go_to_terminal());
  trainer.on_log([&](const StepStats& stats) { progress.show(stats); });
  const TrainSummary summary = run(trainer);
  progress.finish();
  if (summary.interrupted) {
    write_note(
        fmt::format("Interrupted after step {} and saved in {}: run the same command to resume.\n",
                    summary.steps, trainer.run_directory().string()));
  } else {
    write_note(fmt::format("Trained {} steps in {}, final loss {:.4f}. Model: {}\n", summary.steps,
                           describe_seconds(summary.seconds), summary.final_loss,
                           summary.model_directory.string()));
  }
  write_output(to_json(summary) + "\n");
  if (summary.interrupted) return exit_code(ErrorKind::kInterrupted);
  const bool failed = config.run.fail_at_chance && !summary.at_chance.empty();
  return failed ? exit_code(ErrorKind::kDiverged) : 0;
}

}  // namespace tandem::apps
