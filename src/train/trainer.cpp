#include "tandem/train/trainer.h"

#include <chrono>
#include <optional>

#include <fmt/format.h>

#include "tandem/config/load.h"
#include "tandem/core/error.h"
#include "tandem/core/files.h"
#include "tandem/core/log.h"
#include "train/chance.h"
#include "train/divergence.h"
#include "train/evaluations.h"
#include "train/numerics_guard.h"
#include "train/resume.h"
#include "train/run_directory.h"
#include "train/run_records.h"
#include "train/run_saver.h"
#include "train/session.h"
#include "train/step_meter.h"

namespace tandem {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point began) {
  return std::chrono::duration<double>(Clock::now() - began).count();
}

torch::Device check_and_open_device(const RunConfig& config) {
  validate(config);
  return open_device(config.run);
}

}  // namespace

struct Trainer::Implementation {
  Implementation(RunConfig config, const TrainerOptions& options);

  TrainSummary run(const std::atomic<bool>& stop);
  void open_records();
  void advance();
  StepResult next_step();
  bool settle();
  void note_bad_step(const StepResult& result);
  bool rolled_back(const StepResult& result);
  void roll_back(const Checkpoint& point);
  void log_window();
  void evaluate();
  void save();
  void stop_early();
  void finish();
  [[nodiscard]] int64_t total() const { return session->total_steps(); }

  torch::Device device;
  RunDirectory directory;
  LogFile log_file;
  std::unique_ptr<TrainingSession> session;
  std::unique_ptr<NumericsGuard> guard;
  std::unique_ptr<RunSaver> saver;
  std::unique_ptr<RunRecords> records;
  std::unique_ptr<StepMeter> meter;
  Evaluations evaluations;
  BatchVariety variety;
  std::function<void(const StepStats&)> log_callback;
  std::function<void(int64_t, const Metrics&)> evaluation_callback;
  int64_t start_step = 0;
  int64_t step = 0;
  std::optional<StepResult> unsettled;  // The newest step's, while it may still be computed.
  int64_t model_step = 0;
  Metrics metrics;
};

Trainer::Implementation::Implementation(RunConfig config, const TrainerOptions& options)
    : device(check_and_open_device(config)),
      directory(std::filesystem::path(config.run.output_dir) / config.run.name),
      log_file(directory.log()) {
  const auto point = choose_resume_point(directory.path(), options, find_latest_checkpoint);
  settle_background(config, point);
  TrainingInputs inputs = open_inputs(std::move(config), device, options, saved_tokenizer(point));
  if (point) require_same_run(*point, inputs);
  directory.save_tokenizer(*inputs.tokenizer);
  write_file_atomically(directory.config(), to_json(inputs.config));
  session = std::make_unique<TrainingSession>(
      std::move(inputs), point ? &point->checkpoint : nullptr, directory.bad_samples());
  guard = std::make_unique<NumericsGuard>(session->config().train);
  saver = std::make_unique<RunSaver>(directory, *session, *guard);
  directory.keep();
  if (!point) return;
  start_step = step = point->checkpoint.step;
  guard->restore(point->checkpoint.numerics);
  saver->go_on_from(point->checkpoint, options.resume != Resume::kFrom);
}

TrainSummary Trainer::Implementation::run(const std::atomic<bool>& stop) {
  const auto began = Clock::now();
  open_records();
  log_start(*session, directory, step);
  if (step < total() && saver->has_saved(step) && is_evaluation_due(session->config().eval, step))
    evaluate();  // The checkpoint was saved before it and does not know its outcome.
  while (step < total() && !stop.load()) advance();

  const bool interrupted = step < total();
  std::vector<std::string> at_chance;
  if (interrupted) {
    stop_early();
  } else {
    finish();
    const int64_t warmup = session->learning_rate().warmup_steps();
    at_chance = warn_of_chance(find_chance({variety, records->losses(), warmup, metrics}));
  }
  return {.steps = step,
          .final_loss = records->last_loss(),
          .interrupted = interrupted,
          .seconds = seconds_since(began),
          .metrics = metrics,
          .failed_evaluations = evaluations.failed(),
          .at_chance = std::move(at_chance),
          .model_directory = interrupted ? std::filesystem::path() : directory.model(),
          .model_step = model_step};
}

void Trainer::Implementation::open_records() {
  records.reset();
  records = std::make_unique<RunRecords>(directory, session->config(), step);
  meter = std::make_unique<StepMeter>();
}

void Trainer::Implementation::advance() {
  saver->check();
  StepResult result = next_step();
  settle();  // The step before: by now it is done, or nearly.
  unsettled = std::move(result);
  ++step;
  const RunConfig& config = session->config();
  const bool logs = step % config.train.log_every_steps == 0 || step == total();
  const bool evaluates = is_evaluation_due(config.eval, step);
  const bool saves = saver->is_due(step);
  if ((logs || evaluates || saves || guard->wants_losses()) && !settle()) return;
  if (logs) log_window();
  if (step == total()) return;
  if (evaluates) evaluate();
  // In the middle of a bad streak the weights may be what is bad: keep the older checkpoint.
  if (saves && guard->state().bad_in_a_row == 0) save();
}

StepResult Trainer::Implementation::next_step() {
  try {
    StepResult result = session->train_step(step);
    variety.add(result.image_groups, result.text_groups);
    return result;
  } catch (const Error& error) {
    // Without a batch nothing has changed: what was trained since the last checkpoint is good.
    const bool no_batch = error.kind() == ErrorKind::kData || error.kind() == ErrorKind::kIo;
    settle();
    if (no_batch && step > start_step) save();
    saver->wait();
    throw;
  }
}

// Waits for the newest step and judges it. False when the run went back to an earlier one.
bool Trainer::Implementation::settle() {
  if (!unsettled) return true;
  const StepResult result = std::move(*unsettled);
  unsettled.reset();
  if (!result.finite.read()) {
    note_bad_step(result);
  } else if (rolled_back(result)) {
    return false;
  } else {
    guard->add_good();
    meter->add(result.losses, result.grad_norm, result.chance_loss);
  }
  return true;
}

void Trainer::Implementation::note_bad_step(const StepResult& result) {
  const bool too_many = guard->add_skipped();
  meter->add_skipped();
  log_skipped_step(step, result);
  if (too_many) throw diverged(directory, guard->state().bad_in_a_row, step);
}

bool Trainer::Implementation::rolled_back(const StepResult& result) {
  if (!guard->wants_losses()) return false;
  const double loss = result.losses.total.item<double>();
  const std::optional<double> zscore = guard->find_spike(loss);
  if (!zscore) return false;
  const std::optional<Checkpoint> point = saver->rollback_point(step);
  log_spike({step, loss, *zscore, guard->state().recent_losses.size()}, point);
  point ? roll_back(*point) : guard->accept(loss);
  return point.has_value();
}

void Trainer::Implementation::roll_back(const Checkpoint& point) {
  const RunConfig& config = session->config();
  if (guard->roll_back(point.numerics, point.step))
    throw spiked_too_often(directory, config.train.max_rollbacks, point.step);
  const int64_t left_out = config.train.spike_skip_batches * config.data.batch_size;
  session->rewind(point, session->position() + static_cast<uint64_t>(left_out));
  saver->go_on_from(point, true);
  step = point.step;
  open_records();
}

void Trainer::Implementation::log_window() {
  const RunConfig& config = session->config();
  const StepMeter::Window window = meter->read(session->loader_stats().wait_seconds);
  const auto steps = static_cast<double>(window.steps);
  const auto batch = static_cast<double>(config.data.batch_size);
  StepStats stats{.step = step,
                  .total_steps = total(),
                  .epoch = session->epoch(),
                  .loss = window.loss,
                  .chance_loss = window.chance_loss,
                  .lr = session->learning_rate().at(step - 1),
                  .grad_norm = window.grad_norm,
                  .pairs_per_second = steps * batch / window.seconds,
                  .data_wait_ratio = window.wait_ratio,
                  .eta_seconds = window.seconds / steps * static_cast<double>(total() - step),
                  .skipped_steps = guard->state().skipped_steps,
                  .rollbacks = guard->state().rollbacks,
                  .task_values = session->task().log_values()};
  stats.task_values.insert(window.terms.begin(), window.terms.end());
  records->write(stats);
  if (log_callback) log_callback(stats);
}

void Trainer::Implementation::evaluate() {
  const bool good = guard->state().bad_in_a_row == 0;
  const int64_t failed = evaluations.failed();
  if (!evaluations.empty()) {
    if (good) save();
    const auto began = Clock::now();
    metrics = evaluations.run(*session, step);
    records->write(step, metrics);
    if (evaluation_callback) evaluation_callback(step, metrics);
    meter->exclude(seconds_since(began));
  }
  const bool misses =
      failed < evaluations.failed() && !metrics.contains(session->config().train.keep_best_metric);
  if (good && !misses) saver->note_evaluation(step, metrics);
}

void Trainer::Implementation::save() {
  const auto began = Clock::now();
  saver->save(step);
  meter->exclude(seconds_since(began));
}

void Trainer::Implementation::stop_early() {
  settle();
  if (!meter->empty()) log_window();
  save();
  saver->wait();
  log_info(
      fmt::format("stopped at step {} of {}; the same command goes on from there", step, total()));
}

void Trainer::Implementation::finish() {
  if (step > start_step) log_data_summary(session->loader_stats());
  save();
  saver->wait();
  // The best may be this very step: then it must be known first.
  const bool best = session->config().train.save_model == SavedModel::kBest;
  if (!best) model_step = saver->save_model(step);
  evaluate();
  saver->wait();
  if (best) model_step = saver->save_model(step);
}

Trainer::Trainer(RunConfig config, const TrainerOptions& options)
    : implementation_(std::make_unique<Implementation>(std::move(config), options)) {}
Trainer::~Trainer() = default;

void Trainer::on_log(std::function<void(const StepStats&)> callback) {
  implementation_->log_callback = std::move(callback);
}
void Trainer::on_evaluation(std::function<void(int64_t, const Metrics&)> callback) {
  implementation_->evaluation_callback = std::move(callback);
}
void Trainer::add_evaluator(Evaluator evaluator) {
  implementation_->evaluations.add(std::move(evaluator));
}
TrainSummary Trainer::run() { return implementation_->run(stop_requested_); }

const RunConfig& Trainer::config() const { return implementation_->session->config(); }
const std::filesystem::path& Trainer::run_directory() const {
  return implementation_->directory.path();
}
int64_t Trainer::start_step() const { return implementation_->start_step; }
const Task& Trainer::task() const { return implementation_->session->task(); }
const Tokenizer& Trainer::tokenizer() const { return implementation_->session->tokenizer(); }

}  // namespace tandem
