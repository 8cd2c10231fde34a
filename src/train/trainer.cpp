#include "tandem/train/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tandem/config/load.h"
#include "tandem/core/error.h"
#include "tandem/core/files.h"
#include "tandem/core/log.h"
#include "tandem/model/model_directory.h"
#include "train/resume.h"
#include "train/run_directory.h"
#include "train/run_records.h"
#include "train/session.h"
#include "train/step_meter.h"

namespace tandem {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point began) {
  return std::chrono::duration<double>(Clock::now() - began).count();
}

// The model as evaluations see it, for as long as this lives.
class EvaluationMode {
 public:
  explicit EvaluationMode(ClipModel model)
      : model_(std::move(model)), training_(model_->is_training()) {
    model_->eval();
  }
  ~EvaluationMode() { model_->train(training_); }
  EvaluationMode(const EvaluationMode&) = delete;
  EvaluationMode& operator=(const EvaluationMode&) = delete;

 private:
  ClipModel model_;
  bool training_;
  torch::NoGradGuard no_grad_;
};

torch::Device check_and_open_device(const RunConfig& config) {
  validate(config);
  return open_device(config.run);
}

// What a model directory says about itself: nothing in it points outside.
ModelConfig portable_config(const RunConfig& config) {
  ModelConfig portable{config.model, config.tokenizer, config.data.transform};
  for (std::string* path : {&portable.model.pretrained, &portable.model.text.pretrained,
                            &portable.model.image.pretrained})
    path->clear();
  portable.tokenizer.file = "tokenizer.model";
  portable.tokenizer.train_vocab_size = 0;
  return portable;
}

}  // namespace

struct Trainer::Implementation {
  Implementation(const RunConfig& config, const TrainerOptions& options);

  TrainSummary run(const std::atomic<bool>& stop);
  void advance();
  void note_bad_step(const StepResult& result);
  void log_window();
  void evaluate();
  void save();
  void save_model_directory();
  void stop_early();
  void finish();
  [[nodiscard]] bool due(int64_t every) const { return every > 0 && step % every == 0; }
  [[nodiscard]] int64_t total() const { return session->total_steps(); }

  torch::Device device;
  RunDirectory directory;
  LogFile log_file;
  std::unique_ptr<TrainingSession> session;
  std::unique_ptr<RunRecords> records;
  std::unique_ptr<StepMeter> meter;
  std::vector<Evaluator> evaluators;
  std::function<void(const StepStats&)> log_callback;
  std::function<void(int64_t, const Metrics&)> evaluation_callback;
  int64_t start_step = 0;
  int64_t step = 0;
  int64_t saved_step = 0;  // the step that the newest checkpoint of this run holds
  int64_t skipped = 0;
  int64_t bad_in_a_row = 0;
  Metrics metrics;
};

Trainer::Implementation::Implementation(const RunConfig& config, const TrainerOptions& options)
    : device(check_and_open_device(config)),
      directory(std::filesystem::path(config.run.output_dir) / config.run.name),
      log_file(directory.log()) {
  const std::optional<ResumePoint> point = choose_resume_point(directory, options);
  TrainingInputs inputs =
      open_inputs(config, device, point ? saved_tokenizer(*point) : std::filesystem::path());
  if (point) require_same_run(*point, inputs);
  inputs.tokenizer->save(directory.tokenizer());
  write_file_atomically(directory.config(), to_json(inputs.config));
  session = std::make_unique<TrainingSession>(
      std::move(inputs), point ? &point->checkpoint : nullptr, directory.bad_samples());
  if (!point) return;
  start_step = step = point->checkpoint.step;
  saved_step = options.resume == Resume::kFrom ? -1 : step;
}

TrainSummary Trainer::Implementation::run(const std::atomic<bool>& stop) {
  const auto began = Clock::now();
  records = std::make_unique<RunRecords>(directory, session->config(), step);
  meter = std::make_unique<StepMeter>(device);
  if (step >= total()) {
    log_info(
        fmt::format("{}: the run is complete at step {}; its model is saved and evaluated "
                    "once more",
                    directory.path().string(), step));
  } else {
    log_start(*session, directory, step);
  }
  while (step < total() && !stop.load()) advance();

  const bool interrupted = step < total();
  if (interrupted) {
    stop_early();
  } else {
    finish();
  }
  return {.steps = step,
          .final_loss = records->last_loss(),
          .interrupted = interrupted,
          .seconds = seconds_since(began),
          .metrics = metrics,
          .model_directory = interrupted ? std::filesystem::path() : directory.model()};
}

void Trainer::Implementation::advance() {
  const StepResult result = session->train_step(step);
  ++step;
  if (result.finite) {
    bad_in_a_row = 0;
    meter->add(result.loss, result.grad_norm);
  } else {
    note_bad_step(result);
  }
  if (due(session->config().train.log_every_steps) || step == total()) log_window();
  if (step == total()) return;
  // In the middle of a bad streak the weights may be what is bad: keep the older checkpoint.
  if (due(session->config().train.checkpoint_every_steps) && bad_in_a_row == 0) save();
  if (due(session->config().eval.every_steps)) evaluate();
}

void Trainer::Implementation::note_bad_step(const StepResult& result) {
  constexpr size_t kListed = 8;
  ++skipped;
  ++bad_in_a_row;
  meter->add_skipped();
  const size_t listed = std::min(kListed, result.keys.size());
  const std::vector<std::string> keys(result.keys.begin(),
                                      result.keys.begin() + static_cast<std::ptrdiff_t>(listed));
  log_warn(fmt::format("step {} is skipped: loss {}, gradient norm {}; its batch: {}{}", step,
                       result.loss.item<double>(), result.grad_norm.item<double>(),
                       fmt::join(keys, ", "), listed < result.keys.size() ? ", …" : ""));
  const int64_t limit = session->config().train.max_bad_steps;
  if (bad_in_a_row < limit) return;
  throw Error(
      ErrorKind::kDiverged,
      {.what = fmt::format("training diverged: {} steps in a row up to step {} gave numbers "
                           "that are not finite; older checkpoints stay",
                           bad_in_a_row, step),
       .where = directory.path().string(),
       .hint = "a lower optim.lr or a longer warm-up; optim.grad_clip_norm = 1; a lower "
               "model.logit_scale_max, or fp32 in place of bf16"});
}

void Trainer::Implementation::log_window() {
  const RunConfig& config = session->config();
  const StepMeter::Window window = meter->read(session->loader_stats().wait_seconds);
  const auto steps = static_cast<double>(window.steps);
  const auto batch = static_cast<double>(config.data.batch_size);
  const StepStats stats{.step = step,
                        .total_steps = total(),
                        .epoch = session->epoch(),
                        .loss = window.loss,
                        .chance_loss = std::log(batch),
                        .lr = session->learning_rate().at(step - 1),
                        .logit_scale = std::exp(session->model()->logit_scale().item<double>()),
                        .grad_norm = window.grad_norm,
                        .pairs_per_second = steps * batch / window.seconds,
                        .data_wait_ratio = window.wait_ratio,
                        .eta_seconds = window.seconds / steps * static_cast<double>(total() - step),
                        .skipped_steps = skipped};
  records->write(stats);
  if (log_callback) log_callback(stats);
}

void Trainer::Implementation::evaluate() {
  if (evaluators.empty()) return;
  const auto began = Clock::now();
  const EvaluationMode mode(session->model());
  metrics.clear();
  for (const Evaluator& evaluator : evaluators)
    metrics.merge(evaluator(session->model(), session->tokenizer()));
  records->write(step, metrics);
  if (evaluation_callback) evaluation_callback(step, metrics);
  meter->exclude(seconds_since(began));
}

void Trainer::Implementation::save() {
  if (saved_step == step) return;
  const auto began = Clock::now();
  const auto path = save_checkpoint(directory.checkpoints(), session->checkpoint(step),
                                    session->config().train.keep_last);
  saved_step = step;
  log_debug(fmt::format("checkpoint {} written in {:.2f} s", path.string(), seconds_since(began)));
  meter->exclude(seconds_since(began));
}

void Trainer::Implementation::save_model_directory() {
  AtomicDirectory staging(directory.model());
  save_model(staging.path(), session->model(), portable_config(session->config()));
  session->tokenizer().save(staging.path() / "tokenizer.model");
  staging.commit();
  log_info(fmt::format("model saved in {}", directory.model().string()));
}

void Trainer::Implementation::stop_early() {
  if (!meter->empty()) log_window();
  save();
  log_info(
      fmt::format("stopped at step {} of {}; the same command goes on from there", step, total()));
}

void Trainer::Implementation::finish() {
  if (step > start_step) log_data_summary(session->loader_stats());
  save();
  save_model_directory();
  evaluate();
}

Trainer::Trainer(RunConfig config, TrainerOptions options)
    : implementation_(std::make_unique<Implementation>(config, options)) {}
Trainer::~Trainer() = default;

void Trainer::on_log(std::function<void(const StepStats&)> callback) {
  implementation_->log_callback = std::move(callback);
}
void Trainer::on_evaluation(std::function<void(int64_t, const Metrics&)> callback) {
  implementation_->evaluation_callback = std::move(callback);
}
void Trainer::add_evaluator(Evaluator evaluator) {
  implementation_->evaluators.push_back(std::move(evaluator));
}
TrainSummary Trainer::run() { return implementation_->run(stop_requested_); }

const RunConfig& Trainer::config() const { return implementation_->session->config(); }
const std::filesystem::path& Trainer::run_directory() const {
  return implementation_->directory.path();
}
int64_t Trainer::start_step() const { return implementation_->start_step; }
ClipModel Trainer::model() const { return implementation_->session->model(); }
const Tokenizer& Trainer::tokenizer() const { return implementation_->session->tokenizer(); }

}  // namespace tandem
