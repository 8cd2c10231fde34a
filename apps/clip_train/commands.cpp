#include "clip_train/commands.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <unistd.h>

#include <fmt/format.h>

#include "clip_train/join_run.h"
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

void tell_start(const Trainer& trainer) {
  if (trainer.start_step() > 0)
    write_note(fmt::format("Resuming after step {}.\n", trainer.start_step()));
  tell_export_targets(trainer.config());
}

void tell_end(const TrainSummary& summary, const Trainer& trainer) {
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
}

void tell(const DryRunReport& report) {
  write_note(fmt::format(
      "The configuration works: {} parameters, {} samples checked, {} of them invalid.\n"
      "One step takes {:.3f} s, the run about {}; {:.0f} MB of memory so far, {:.1f} MB per "
      "checkpoint.\n",
      report.parameters, report.samples_checked, report.bad_samples, report.seconds_per_step,
      describe_seconds(report.estimated_seconds), report.memory_mb, report.checkpoint_mb));
}

}  // namespace

int run_check(RunConfig config, const std::string& resume) {
  TrainerOptions options = resume_options(resume);
  options.communicator = join_run(config);
  std::vector<Evaluator> evaluators;
  run_together(*options.communicator, [&] {
    check_best_metric(config);
    evaluators = evaluators_of(on_few_samples(config));
  });
  const DryRunReport report = dry_run(config, options, evaluators);
  if (!is_writer(*options.communicator)) return 0;
  tell(report);
  tell_export_targets(config);
  write_output(to_json(report) + "\n");
  return 0;
}

int run_training(RunConfig config, const std::string& resume) {
  TrainerOptions options = resume_options(resume);
  options.communicator = join_run(config);
  Communicator& processes = *options.communicator;
  const bool speaks = is_writer(processes);
  // Before the trainer, so that data to evaluate on that is not there costs no run directory.
  std::vector<Evaluator> evaluators;
  run_together(processes, [&] {
    check_best_metric(config);
    evaluators = evaluators_of(config);
  });
  Trainer trainer(config, options);
  // Before the first note: who reads that the run resumes may stop it at once.
  const StopSignals signals(trainer, speaks);
  for (Evaluator& each : evaluators) trainer.add_evaluator(std::move(each));
  Progress progress(notes_go_to_terminal());
  if (speaks) {
    tell_start(trainer);
    trainer.on_log([&](const StepStats& stats) { progress.show(stats); });
  }
  const TrainSummary summary = run(trainer);
  progress.finish();
  if (speaks) tell_end(summary, trainer);
  if (summary.interrupted) return exit_code(ErrorKind::kInterrupted);
  const bool at_chance = config.run.fail_at_chance && !summary.at_chance.empty();
  return processes.agree(at_chance ? 1 : 0) != 0 ? exit_code(ErrorKind::kDiverged) : 0;
}

}  // namespace tandem::apps
