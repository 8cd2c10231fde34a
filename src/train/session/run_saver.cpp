#include "train/session/run_saver.h"

#include <cmath>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tandem/core/error.h"
#include "tandem/core/files.h"
#include "tandem/core/log.h"

namespace tandem {
namespace {

double metric_of(const Metrics& metrics, const std::string& name) {
  const auto found = metrics.find(name);
  if (found != metrics.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [each, value] : metrics) names.push_back(each);
  throw Error(ErrorKind::kConfig,
              {.what = "no evaluation gives this metric",
               .where = "train.keep_best_metric",
               .expected = names.empty() ? "an evaluation (there is none)"
                                         : fmt::format("{}", fmt::join(names, ", ")),
               .found = name});
}

}  // namespace

RunSaver::RunSaver(const RunDirectory& directory, const TrainingSession& session,
                   const NumericsGuard& guard)
    : directory_(directory), session_(session), guard_(guard), writer_(directory.checkpoints()) {}

void RunSaver::go_on_from(const Checkpoint& checkpoint, bool is_here) {
  saved_step_ = is_here ? checkpoint.step : -1;
  saved_at_ = Clock::now();
  best_.reset();
  const std::string& metric = session_.config().train.keep_best_metric;
  if (is_here && checkpoint.best && checkpoint.best->metric == metric) best_ = checkpoint.best;
}

bool RunSaver::has_saved(int64_t step) const { return saved_step_ == step; }

bool RunSaver::is_due(int64_t step) const {
  const TrainOptions& train = session_.config().train;
  if (step % train.checkpoint_every_steps == 0) return true;
  if (train.checkpoint_every_minutes <= 0) return false;
  const std::chrono::duration<double, std::ratio<60>> minutes = Clock::now() - saved_at_;
  return session_.communicator().agree(minutes.count() >= train.checkpoint_every_minutes ? 1 : 0) !=
         0;
}

void RunSaver::save(int64_t step) {
  if (saved_step_ == step) return;
  if (directory_.is_written()) start_writing(step);
  saved_step_ = step;
  saved_at_ = Clock::now();
}

void RunSaver::start_writing(int64_t step) {
  directory_.require_intact();
  const TrainOptions& train = session_.config().train;
  Checkpoint checkpoint = session_.checkpoint(step);
  checkpoint.best = best_;
  checkpoint.numerics = guard_.state();
  writer_.start(checkpoint,
                {.keep_last = train.keep_last,
                 .keep_every_steps = train.keep_every_steps,
                 .keep_newest_multiple =
                     train.on_spike == SpikePolicy::kRollback ? train.checkpoint_every_steps : 0});
}

void RunSaver::check() {
  directory_.require_intact();
  writer_.check();
}

bool RunSaver::is_best(int64_t step, double value) const {
  const TrainOptions& train = session_.config().train;
  if (!std::isfinite(value)) {
    log_warn(fmt::format("{} = {} at step {} is not looked at: it is not finite",
                         train.keep_best_metric, value, step));
    return false;
  }
  if (!best_) return true;
  return train.keep_best_mode == BestMode::kMax ? value > best_->value : value < best_->value;
}

bool RunSaver::note_evaluation(int64_t step, const Metrics& metrics) {
  const std::string& metric = session_.config().train.keep_best_metric;
  if (metric.empty()) return false;
  const double value = metric_of(metrics, metric);
  // The metrics of several processes may differ in their last digits: those of the writer decide.
  const bool found = is_best(step, value) && directory_.is_written();
  if (session_.communicator().agree(found ? 1 : 0) == 0) return false;
  best_ = BestEvaluation{.metric = metric, .value = value, .step = step};
  log_info(fmt::format("best {} so far: {:.4f} at step {}", metric, value, step));
  saved_step_ = -1;  // a checkpoint of this step that is there does not know it yet
  return true;
}

std::optional<Checkpoint> RunSaver::rollback_point(int64_t step) {
  const int64_t every = session_.config().train.checkpoint_every_steps;
  for (const int64_t each : list_checkpoint_steps(directory_.checkpoints())) {
    if (each <= step && each % every == 0)
      return load_checkpoint(checkpoint_path(directory_.checkpoints(), each));
  }
  return std::nullopt;
}

std::unique_ptr<Task> RunSaver::load_best() const {
  const auto path = checkpoint_path(directory_.checkpoints(), best_->step);
  try {
    return session_.make_task(load_checkpoint(path), path.string());
  } catch (const Error& error) {
    // A disk that fails now may be read by the same command later: no reason to take another model.
    std::error_code ignored;
    const bool gone = !std::filesystem::exists(path, ignored);
    if (error.kind() != ErrorKind::kCheckpoint && !gone) throw;
    log_warn(
        fmt::format("the best checkpoint cannot be read, so the last state becomes the "
                    "model: {}",
                    error.what()));
    return nullptr;
  }
}

int64_t RunSaver::save_model(int64_t step) {
  std::unique_ptr<Task> best;
  const bool wants_best = session_.config().train.save_model == SavedModel::kBest;
  if (wants_best && best_ && best_->step != step) best = load_best();
  if (best) step = best_->step;
  if (!directory_.is_written()) return step;
  const Task& task = best ? *best : session_.task();
  AtomicDirectory staging(directory_.model(),
                          [&](const std::string& name) { return task.is_model_file(name); });
  task.save_model(staging.path());
  staging.commit();
  log_info(fmt::format("model of step {} saved in {}", step, directory_.model().string()));
  return step;
}

}  // namespace tandem
