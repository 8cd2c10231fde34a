#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "tandem/core/log.h"
#include "tandem/train/trainer.h"
#include "train/metrics/chance.h"
#include "train/metrics/step_meter.h"
#include "train/run/run_directory.h"
#include "train/session/evaluations.h"
#include "train/session/numerics_guard.h"
#include "train/session/resume.h"
#include "train/session/run_records.h"
#include "train/session/run_saver.h"
#include "train/session/session.h"

namespace tandem {

/// The loop of Trainer: steps, and what is due between them. Where several processes train
/// together, each runs its own loop, and what only one of them notices is agreed on.
class TrainingLoop {
 public:
  /// As the constructor of Trainer.
  TrainingLoop(RunConfig config, const TrainerOptions& options);

  /// As Trainer::run; `stop` asks for its end.
  TrainSummary run(const std::atomic<bool>& stop);

  [[nodiscard]] const TrainingSession& session() const { return *session_; }
  [[nodiscard]] const RunDirectory& directory() const { return *directory_; }
  [[nodiscard]] int64_t start_step() const { return start_step_; }

  std::function<void(const StepStats&)> log_callback;
  std::function<void(int64_t, const Metrics&)> evaluation_callback;
  Evaluations evaluations;

 private:
  void open_directory(const RunConfig& config, const TrainerOptions& options);
  void open_session(RunConfig config, const TrainerOptions& options);
  void open_records();
  [[nodiscard]] bool goes_on(const std::atomic<bool>& stop);
  void advance();
  void keep_progress();
  StepResult next_step();
  bool settle();
  void note_bad_step(const StepResult& result);
  bool rolled_back(const StepResult& result);
  [[nodiscard]] std::optional<Checkpoint> rollback_point();
  void roll_back(const Checkpoint& point);
  void log_window();
  void evaluate();
  void save();
  void wait_until_saved();
  int64_t save_model();
  [[nodiscard]] std::vector<std::string> judge() const;
  void stop_early();
  void finish();
  [[nodiscard]] int64_t total() const { return session_->total_steps(); }

  std::shared_ptr<Communicator> communicator_;
  torch::Device device_ = torch::kCPU;
  std::optional<RunDirectory> directory_;
  std::optional<LogFile> log_file_;
  std::unique_ptr<TrainingSession> session_;
  std::unique_ptr<NumericsGuard> guard_;
  std::unique_ptr<RunSaver> saver_;
  std::unique_ptr<RunRecords> records_;
  std::unique_ptr<StepMeter> meter_;
  BatchVariety variety_;
  std::optional<ResumePoint> point_;  // Until the session is open.
  int64_t start_step_ = 0;
  int64_t step_ = 0;
  std::optional<StepResult> unsettled_;  // The newest step's, while it may still be computed.
  int64_t model_step_ = 0;
  Metrics metrics_;
};

}  // namespace tandem
