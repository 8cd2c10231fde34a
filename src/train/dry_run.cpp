#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <memory>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/staging.h"
#include "data/survey/overlap.h"
#include "model/evaluation_mode.h"
#include "tandem/config/load.h"
#include "tandem/core/error.h"
#include "tandem/core/log.h"
#include "tandem/core/random.h"
#include "tandem/train/trainer.h"
#include "train/run/checkpoint_folder.h"
#include "train/run/manifest.h"
#include "train/run/run_directory.h"
#include "train/session/resume.h"
#include "train/session/run_records.h"
#include "train/session/session.h"
#include "train/tasks/memory_limit.h"

namespace tandem {
namespace fs = std::filesystem;
namespace {

constexpr int64_t kSamples = 64;
constexpr int64_t kSteps = 2;
constexpr double kMegabyte = 1e6;

fs::path create_temporary_folder() {
  std::string name = (fs::temp_directory_path() / "tandem-dry-run-XXXXXX").string();
  if (::mkdtemp(name.data()) != nullptr) return name;
  throw Error(
      ErrorKind::kCannotCreate,
      {.what = "cannot create a temporary folder", .where = name, .found = std::strerror(errno)});
}

/// A new folder, removed with this object and when a signal ends the program.
class TemporaryFolder {
 public:
  TemporaryFolder() : mark_(create_temporary_folder) {}
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path(), ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const fs::path& path() const { return mark_.path(); }

 private:
  StagingMark mark_;
};

void check_samples(const TrainingInputs& inputs, DryRunReport& report) {
  const auto size = static_cast<uint64_t>(inputs.source->size());
  const Permutation order(size, inputs.config.run.seed);
  report.samples_checked = std::min<int64_t>(kSamples, inputs.source->size());
  for (int64_t i = 0; i < report.samples_checked; ++i) {
    const auto index = static_cast<int64_t>(order(static_cast<uint64_t>(i)));
    try {
      const RawSample sample = inputs.source->sample(index, inputs.config.run.seed);
      for (const std::string& caption : sample.captions)
        (void)inputs.tokenizer->encode(caption, inputs.config.model.text.context_length);
    } catch (const Error& error) {
      ++report.bad_samples;
      log_warn(fmt::format("invalid sample: {}", error.what()));
    }
  }
}

// Drawn images are new in every epoch: there is nothing to share.
void warn_of_overlap(const RunConfig& config, const Source& training) {
  const SourceKind kind = config.data.validation.kind;
  if (kind == SourceKind::kNone || kind == SourceKind::kShapes) return;
  const auto validation = open_source(config.data.validation,
                                      source_context(config.data, config.model.image.image_size));
  const Overlap found = find_overlap(training, *validation);
  if (found.shared == 0) return;
  log_warn(
      fmt::format("{} of {} samples of data.validation are in data.train as well ({}): scores on "
                  "them flatter",
                  found.shared, validation->size(), fmt::join(found.examples, ", ")));
}

void time_steps(TrainingSession& session, DryRunReport& report) {
  for (int64_t step = 0; step < kSteps; ++step) {
    const auto began = std::chrono::steady_clock::now();
    const StepResult result = session.train_step(step);
    if (!result.finite.read()) {
      throw Error(ErrorKind::kDiverged,
                  {.what = fmt::format("step {} of the dry run gave a loss or gradient that is not "
                                       "finite",
                                       step + 1),
                   .hint = "a lower optim.lr, or other starting weights"});
    }
    // The last step counts: the first one pays for memory and threads.
    report.seconds_per_step =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  }
}

Metrics try_evaluations(const TrainingSession& session, const std::vector<Evaluator>& evaluators) {
  const EvaluationMode mode(session.task().module());
  Metrics metrics;
  for (const Evaluator& evaluator : evaluators) metrics.merge(evaluator(session.task()));
  return metrics;
}

bool same_tensors(const TensorMap& a, const TensorMap& b) {
  return a.size() == b.size() && std::all_of(a.begin(), a.end(), [&](const auto& entry) {
           const auto other = b.find(entry.first);
           return other != b.end() && torch::equal(entry.second.cpu(), other->second);
         });
}

uint64_t try_checkpoint(const TrainingSession& session) {
  const TemporaryFolder folder;
  const Checkpoint written = session.checkpoint(kSteps);
  const fs::path path = save_checkpoint(folder.path(), written, 1);
  const Checkpoint read = load_checkpoint(path);
  if (!same_tensors(written.weights, read.weights) ||
      !same_tensors(written.optimizer, read.optimizer) ||
      !same_tensors(written.task_state, read.task_state)) {
    throw Error(ErrorKind::kIo, {.what = "a checkpoint was not read back as it was written",
                                 .where = path.string(),
                                 .reason = "write error"});
  }
  uint64_t bytes = 0;
  for (const auto& entry : fs::directory_iterator(path)) bytes += entry.file_size();
  return bytes;
}

uint64_t peak_memory() {
  struct rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_maxrss) * 1024;
}

/// What a run would begin with.
struct Trial {
  std::unique_ptr<TrainingSession> session;
  int64_t start_step = 0;
  fs::path place;  // Where checkpoints would be written.
};

Trial open_trial(const RunConfig& config, const TrainerOptions& options, DryRunReport& report) {
  validate(config);
  const torch::Device device = open_device(config.run);
  const fs::path run = fs::path(config.run.output_dir) / config.run.name;
  require_writable(run);
  Trial trial{.session = {}, .place = require_writable(RunDirectory::checkpoints_of(run))};
  const auto point = choose_resume_point(run, options, peek_latest_checkpoint);
  if (point) log_info(fmt::format("the run would resume from {}", point->path.string()));
  RunConfig settled = config;
  settle_background(settled, point);
  TrainingInputs inputs =
      open_inputs(std::move(settled), device,
                  {.source = options.source, .saved_tokenizer = saved_tokenizer(point)});
  if (point) require_same_run(*point, inputs);
  check_samples(inputs, report);
  warn_of_overlap(config, *inputs.source);
  trial.session = std::make_unique<TrainingSession>(
      std::move(inputs),
      SessionOptions{.make_task = options.make_task, .communicator = options.communicator},
      point ? &point->checkpoint : nullptr);
  if (point) trial.start_step = point->checkpoint.step;
  return trial;
}

void try_saving(const Trial& trial, DryRunReport& report) {
  const uint64_t bytes = try_checkpoint(*trial.session);
  const auto kept = static_cast<uint64_t>(trial.session->config().train.keep_last + 1);
  require_free_space(trial.place, bytes * kept);
  report.checkpoint_mb = static_cast<double>(bytes) / kMegabyte;
}

void measure_memory(DryRunReport& report) {
  const uint64_t peak = peak_memory();
  report.memory_mb = static_cast<double>(peak) / kMegabyte;
  if (const std::string warning = memory_warning(peak, memory_limit()); !warning.empty())
    log_warn(warning);
}

}  // namespace

DryRunReport dry_run(const RunConfig& config, const TrainerOptions& options,
                     const std::vector<Evaluator>& evaluators) {
  Communicator& communicator = *options.communicator;
  DryRunReport report;
  Trial trial;
  run_together(communicator, [&] { trial = open_trial(config, options, report); });
  TrainingSession& session = *trial.session;
  session.share_state(trial.start_step);
  for (const auto& parameter : session.task().module()->parameters())
    report.parameters += parameter.numel();
  log_memory_plan(session.task());
  time_steps(session, report);
  run_together(communicator, [&] {
    report.metrics = try_evaluations(session, evaluators);
    if (is_writer(communicator)) try_saving(trial, report);
  });
  const int64_t left = session.total_steps() - trial.start_step;
  report.estimated_seconds =
      report.seconds_per_step * static_cast<double>(std::max(left, int64_t{0}));
  measure_memory(report);
  return report;
}

}  // namespace tandem
