#include "train/session/run_records.h"

#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tandem/core/log.h"

namespace tandem {
namespace {

std::string line_of(const StepStats& stats) {
  std::string values;
  for (const auto& [name, value] : stats.task_values)
    values += fmt::format("{} {:.4g}, ", name, value);
  return fmt::format(
      "step {}/{}, loss {:.4f} (chance {:.4f}), lr {:.3g}, {}gradient norm {:.3g}, {:.0f} pairs/s, "
      "{:.0f} % waiting for data, {:.0f} s left",
      stats.step, stats.total_steps, stats.loss, stats.chance_loss, stats.lr, values,
      stats.grad_norm, stats.pairs_per_second, 100.0 * stats.data_wait_ratio, stats.eta_seconds);
}

int64_t count_parameters(const torch::nn::Module& module) {
  int64_t count = 0;
  for (const auto& parameter : module.parameters()) count += parameter.numel();
  return count;
}

std::string group_table(const AdamW& optimizer) {
  std::string table = "optimizer groups:";
  for (const ParameterGroup& group : optimizer.groups()) {
    table += fmt::format("\n  {:<9} {:>5} tensors {:>12} numbers",
                         group.decay ? "decay" : "no decay", group.tensors, group.elements);
    log_debug(
        fmt::format("{}: {}", group.decay ? "decay" : "no decay", fmt::join(group.names, ", ")));
  }
  return table;
}

}  // namespace

RunRecords::RunRecords(const RunDirectory& directory, const RunConfig& config, int64_t start_step)
    : batch_size_(config.data.batch_size) {
  if (!directory.is_written()) return;
  metrics_.emplace(directory.metrics(), start_step);
  if (config.train.tensorboard) events_.emplace(directory.path(), start_step + 1);
}

void RunRecords::write(const StepStats& stats) {
  Metrics values = {{"train/loss", stats.loss},
                    {"train/chance_loss", stats.chance_loss},
                    {"train/lr", stats.lr},
                    {"train/grad_norm", stats.grad_norm},
                    {"train/epoch", stats.epoch},
                    {"train/skipped_steps", static_cast<double>(stats.skipped_steps)},
                    {"train/rollbacks", static_cast<double>(stats.rollbacks)},
                    {"perf/pairs_per_second", stats.pairs_per_second},
                    {"perf/data_wait_ratio", stats.data_wait_ratio}};
  for (const auto& [name, value] : stats.task_values) values["train/" + name] = value;
  if (metrics_) metrics_->write(stats.step, stats.step * batch_size_, values);
  if (events_) events_->write(stats.step, values);
  log_debug(line_of(stats));
}

void RunRecords::write(int64_t step, const Metrics& metrics) {
  if (metrics.empty()) return;
  if (metrics_) metrics_->write(step, step * batch_size_, metrics);
  if (events_) events_->write(step, metrics);
  std::string line = fmt::format("evaluation at step {}:", step);
  for (const auto& [name, value] : metrics) line += fmt::format("\n  {} = {:.4f}", name, value);
  log_info(line);
}

void log_start(const TrainingSession& session, const RunDirectory& directory, int64_t start_step) {
  if (start_step >= session.total_steps()) {
    return log_info(
        fmt::format("{}: the run is complete at step {}; its model is saved and evaluated once "
                    "more",
                    directory.path().string(), start_step));
  }
  const RunConfig& config = session.config();
  int64_t trained = 0;
  for (const ParameterGroup& group : session.optimizer().groups()) trained += group.elements;
  log_info(fmt::format(
      "{} in {}: step {} to {}, {} pairs each, of {} samples; {} parameters, {} "
      "of them trained, in {} on {}",
      start_step == 0 ? "training" : "resuming", directory.path().string(), start_step,
      session.total_steps(), config.data.batch_size, session.source().size(),
      count_parameters(*session.task().module()), trained,
      config.train.precision == Precision::kBf16 ? "bf16" : "fp32", session.device().str()));
  const double chance = session.task().chance_loss(Batch{});
  log_info(
      fmt::format("learning rate {:.3g} after {} steps of warm-up{}", config.optim.lr,
                  session.learning_rate().warmup_steps(),
                  std::isfinite(chance) ? fmt::format("; loss at chance {:.4f}", chance) : ""));
  log_info(group_table(session.optimizer()));
  log_memory_plan(session.task());
}

void log_memory_plan(const Task& task) {
  if (const std::string line = task.memory_plan(); !line.empty()) log_info(line);
}

void log_data_summary(const LoaderStats& stats) {
  uint64_t bad = 0;
  std::string reasons;
  for (const auto& [reason, count] : stats.bad) {
    bad += count;
    reasons += fmt::format("{}{} × {}", reasons.empty() ? "" : ", ", count, reason);
  }
  log_info(fmt::format("data: {} samples used, {} captions cut to fit, {} invalid samples{}",
                       stats.good, stats.truncated_captions, bad,
                       bad == 0 ? "" : fmt::format(" ({}), listed in bad_samples.jsonl", reasons)));
  const std::string warning = unknown_pieces_warning(stats);
  if (!warning.empty()) log_warn(warning);
}

}  // namespace tandem
