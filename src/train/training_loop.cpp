#include "train/training_loop.h"

#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "tandem/config/load.h"
#include "tandem/core/error.h"
#include "tandem/core/files.h"
#include "tandem/train/training_inputs.h"
#include "train/run/checkpoint_folder.h"
#include "train/session/divergence.h"
#include "train/session/resume.h"

namespace tandem {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point began) {
  return std::chrono::duration<double>(Clock::now() - began).count();
}

}  // namespace

TrainingLoop::TrainingLoop(RunConfig config, const TrainerOptions& options)
    : communicator_(options.communicator) {
  run_together(*communicator_, [&] { open_directory(config, options); });
  run_together(*communicator_, [&] { open_session(std::move(config), options); });
  session_->share_state(start_step_);
  directory_->keep();
}

// The writing rank finds the checkpoint to resume from, and sets damaged ones aside. The others
// look for it afterwards.
void TrainingLoop::open_directory(const RunConfig& config, const TrainerOptions& options) {
  validate(config);
  device_ = open_device(config.run);
  directory_.emplace(std::filesystem::path(config.run.output_dir) / config.run.name,
                     is_writer(*communicator_));
  if (!directory_->is_written()) return;
  log_file_.emplace(directory_->log());
  point_ = choose_resume_point(directory_->path(), options, find_latest_checkpoint);
}

void TrainingLoop::open_session(RunConfig config, const TrainerOptions& options) {
  if (!directory_->is_written())
    point_ = choose_resume_point(directory_->path(), options, peek_latest_checkpoint);
  const std::optional<ResumePoint> point = std::exchange(point_, std::nullopt);
  settle_background(config, point);
  TrainingInputs inputs =
      open_inputs(std::move(config), device_,
                  {.source = options.source, .saved_tokenizer = saved_tokenizer(point)});
  if (point) require_same_run(*point, inputs);
  directory_->save_inputs(inputs.config, *inputs.tokenizer);
  session_ = std::make_unique<TrainingSession>(
      std::move(inputs),
      SessionOptions{.make_task = options.make_task,
                     .communicator = communicator_,
                     .bad_samples_file = directory_->bad_samples()},
      point ? &point->checkpoint : nullptr);
  guard_ = std::make_unique<NumericsGuard>(session_->config().train);
  saver_ = std::make_unique<RunSaver>(*directory_, *session_, *guard_);
  if (!point) return;
  start_step_ = step_ = point->checkpoint.step;
  guard_->restore(point->checkpoint.numerics);
  saver_->go_on_from(point->checkpoint, options.resume != Resume::kFrom);
}

TrainSummary TrainingLoop::run(const std::atomic<bool>& stop) {
  const auto began = Clock::now();
  open_records();
  log_start(*session_, *directory_, step_);
  if (step_ < total() && saver_->has_saved(step_) &&
      is_evaluation_due(session_->config().eval, step_))
    evaluate();  // The checkpoint was saved before it and does not know its outcome.
  while (step_ < total() && goes_on(stop)) advance();

  const bool interrupted = step_ < total();
  std::vector<std::string> at_chance;
  if (interrupted) {
    stop_early();
  } else {
    finish();
    at_chance = judge();
  }
  return {.steps = step_,
          .final_loss = records_->last_loss(),
          .interrupted = interrupted,
          .seconds = seconds_since(began),
          .metrics = metrics_,
          .failed_evaluations = evaluations.failed(),
          .at_chance = std::move(at_chance),
          .model_directory = interrupted ? std::filesystem::path() : directory_->model(),
          .model_step = model_step_};
}

void TrainingLoop::open_records() {
  records_.reset();
  records_ = std::make_unique<RunRecords>(*directory_, session_->config(), step_);
  meter_ = std::make_unique<StepMeter>();
}

bool TrainingLoop::goes_on(const std::atomic<bool>& stop) {
  try {
    return communicator_->agree(stop.load() ? 1 : 0) == 0;
  } catch (const Error&) {
    keep_progress();  // Another process is gone.
    throw;
  }
}

// Between two steps the state is good, whatever has failed.
void TrainingLoop::keep_progress() {
  settle();
  if (step_ > start_step_) save();
  wait_until_saved();
}

void TrainingLoop::advance() {
  run_together(*communicator_, [&] { saver_->check(); });
  StepResult result = next_step();
  settle();  // The step before: by now it is done, or nearly.
  unsettled_ = std::move(result);
  ++step_;
  const RunConfig& config = session_->config();
  const bool logs = step_ % config.train.log_every_steps == 0 || step_ == total();
  const bool evaluates = is_evaluation_due(config.eval, step_);
  const bool saves = saver_->is_due(step_);
  if ((logs || evaluates || saves || guard_->wants_losses()) && !settle()) return;
  if (logs) log_window();
  if (step_ == total()) return;
  if (evaluates) evaluate();
  // In the middle of a bad streak the weights may be what is bad: keep the older checkpoint.
  if (saves && guard_->state().bad_in_a_row == 0) save();
}

StepResult TrainingLoop::next_step() {
  try {
    StepResult result = session_->train_step(step_);
    variety_.add(result.image_groups, result.text_groups);
    return result;
  } catch (const Error& error) {
    // Without a batch nothing has changed: what was trained since the last checkpoint is good.
    const bool no_batch = error.kind() == ErrorKind::kData || error.kind() == ErrorKind::kIo ||
                          error.kind() == ErrorKind::kInterrupted;
    if (no_batch) {
      keep_progress();
    } else {
      settle();
      wait_until_saved();
    }
    throw;
  }
}

// Waits for the newest step and judges it. False when the run went back to an earlier one.
bool TrainingLoop::settle() {
  if (!unsettled_) return true;
  const StepResult result = std::move(*unsettled_);
  unsettled_.reset();
  if (!result.finite.read()) {
    note_bad_step(result);
  } else if (rolled_back(result)) {
    return false;
  } else {
    guard_->add_good();
    meter_->add(result.losses, result.grad_norm, result.chance_loss);
  }
  return true;
}

void TrainingLoop::note_bad_step(const StepResult& result) {
  const bool too_many = guard_->add_skipped();
  meter_->add_skipped();
  log_skipped_step(step_, result);
  if (too_many) throw diverged(*directory_, guard_->state().bad_in_a_row, step_);
}

bool TrainingLoop::rolled_back(const StepResult& result) {
  if (!guard_->wants_losses()) return false;
  const double loss = result.losses.total.item<double>();
  const std::optional<double> zscore = guard_->find_spike(loss);
  if (!zscore) return false;
  const std::optional<Checkpoint> point = rollback_point();
  log_spike({step_, loss, *zscore, guard_->state().recent_losses.size()}, point);
  point ? roll_back(*point) : guard_->accept(loss);
  return point.has_value();
}

std::optional<Checkpoint> TrainingLoop::rollback_point() {
  wait_until_saved();
  return saver_->rollback_point(step_);
}

void TrainingLoop::roll_back(const Checkpoint& point) {
  const RunConfig& config = session_->config();
  if (guard_->roll_back(point.numerics, point.step))
    throw spiked_too_often(*directory_, config.train.max_rollbacks, point.step);
  const int64_t left_out = config.train.spike_skip_batches * config.data.batch_size;
  session_->rewind(point, session_->position() + static_cast<uint64_t>(left_out));
  saver_->go_on_from(point, true);
  step_ = point.step;
  open_records();
}

void TrainingLoop::log_window() {
  const RunConfig& config = session_->config();
  const StepMeter::Window window = meter_->read(session_->loader_stats().wait_seconds);
  const auto steps = static_cast<double>(window.steps);
  const auto batch = static_cast<double>(config.data.batch_size);
  StepStats stats{.step = step_,
                  .total_steps = total(),
                  .epoch = session_->epoch(),
                  .loss = window.loss,
                  .chance_loss = window.chance_loss,
                  .lr = session_->learning_rate().at(step_ - 1),
                  .grad_norm = window.grad_norm,
                  .pairs_per_second = steps * batch / window.seconds,
                  .data_wait_ratio = window.wait_ratio,
                  .eta_seconds = window.seconds / steps * static_cast<double>(total() - step_),
                  .skipped_steps = guard_->state().skipped_steps,
                  .rollbacks = guard_->state().rollbacks,
                  .task_values = session_->task().log_values()};
  stats.task_values.insert(window.terms.begin(), window.terms.end());
  run_together(*communicator_, [&] { records_->write(stats); });
  if (log_callback) log_callback(stats);
}

void TrainingLoop::evaluate() {
  const bool good = guard_->state().bad_in_a_row == 0;
  const int64_t failed = evaluations.failed();
  if (!evaluations.empty()) {
    if (good) save();
    const auto began = Clock::now();
    metrics_ = evaluations.run(*session_, step_);
    run_together(*communicator_, [&] { records_->write(step_, metrics_); });
    if (evaluation_callback) evaluation_callback(step_, metrics_);
    meter_->exclude(seconds_since(began));
  }
  const bool misses = failed < evaluations.failed() &&
                      !metrics_.contains(session_->config().train.keep_best_metric);
  if (good && !misses && saver_->note_evaluation(step_, metrics_)) save();
}

void TrainingLoop::save() {
  const auto began = Clock::now();
  run_together(*communicator_, [&] { saver_->save(step_); });
  meter_->exclude(seconds_since(began));
}

void TrainingLoop::wait_until_saved() {
  run_together(*communicator_, [&] { saver_->wait(); });
}

int64_t TrainingLoop::save_model() {
  int64_t step = 0;
  run_together(*communicator_, [&] { step = saver_->save_model(step_); });
  return step;
}

// What shows that the run ended at chance. The writing rank has the losses.
std::vector<std::string> TrainingLoop::judge() const {
  if (!directory_->is_written()) return {};
  const int64_t warmup = session_->learning_rate().warmup_steps();
  return warn_of_chance(find_chance({variety_, records_->losses(), warmup, metrics_}));
}

void TrainingLoop::stop_early() {
  settle();
  if (!meter_->empty()) log_window();
  save();
  wait_until_saved();
  log_info(
      fmt::format("stopped at step {} of {}; the same command resumes from there", step_, total()));
}

void TrainingLoop::finish() {
  if (step_ > start_step_) log_data_summary(session_->loader_stats());
  save();
  wait_until_saved();
  // The best may be this very step: then it must be known first.
  const bool best = session_->config().train.save_model == SavedModel::kBest;
  if (!best) model_step_ = save_model();
  evaluate();
  wait_until_saved();
  if (best) model_step_ = save_model();
}

}  // namespace tandem
