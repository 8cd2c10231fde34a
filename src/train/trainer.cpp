#include "tandem/train/trainer.h"

#include <utility>

#include "train/training_loop.h"

namespace tandem {

Trainer::Trainer(RunConfig config, const TrainerOptions& options)
    : loop_(std::make_unique<TrainingLoop>(std::move(config), options)) {}
Trainer::~Trainer() = default;

void Trainer::on_log(std::function<void(const StepStats&)> callback) {
  loop_->log_callback = std::move(callback);
}
void Trainer::on_evaluation(std::function<void(int64_t, const Metrics&)> callback) {
  loop_->evaluation_callback = std::move(callback);
}
void Trainer::add_evaluator(Evaluator evaluator) { loop_->evaluations.add(std::move(evaluator)); }
TrainSummary Trainer::run() { return loop_->run(stop_requested_); }

const RunConfig& Trainer::config() const { return loop_->session().config(); }
const std::filesystem::path& Trainer::run_directory() const { return loop_->directory().path(); }
int64_t Trainer::start_step() const { return loop_->start_step(); }
const Task& Trainer::task() const { return loop_->session().task(); }
const Tokenizer& Trainer::tokenizer() const { return loop_->session().tokenizer(); }

}  // namespace tandem
