#include "clip_train/progress.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/text_io.h"

namespace tandem::apps {
namespace {

// JSON has no NaN and no infinity.
nlohmann::ordered_json number(double value) {
  return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json(nullptr);
}

}  // namespace

std::string describe_seconds(double seconds) {
  const auto total = static_cast<int64_t>(std::llround(std::clamp(seconds, 0.0, 1e9)));
  if (total < 60) return fmt::format("{}s", total);
  if (total < 3600) return fmt::format("{}m {:02}s", total / 60, total % 60);
  return fmt::format("{}h {:02}m", total / 3600, total % 3600 / 60);
}

std::string describe(const StepStats& stats) {
  const double share = 100.0 * static_cast<double>(stats.step) /
                       static_cast<double>(std::max<int64_t>(stats.total_steps, 1));
  std::string values;
  for (const auto& [name, value] : stats.task_values)
    values += fmt::format("{} {:.4g}  ", name, value);
  const std::string chance = std::isfinite(stats.chance_loss)
                                 ? fmt::format(" (chance {:.4f})", stats.chance_loss)
                                 : std::string();
  std::string line = fmt::format(
      "step {}/{} {:.1f}%  loss {:.4f}{}  lr {:.2e}  {}{:.0f} pairs/s  data wait {:.0f}%  ETA {}",
      stats.step, stats.total_steps, share, stats.loss, chance, stats.lr, values,
      stats.pairs_per_second, 100.0 * stats.data_wait_ratio, describe_seconds(stats.eta_seconds));
  if (stats.skipped_steps > 0) line += fmt::format("  skipped {}", stats.skipped_steps);
  if (stats.rollbacks > 0) line += fmt::format("  rollbacks {}", stats.rollbacks);
  return line;
}

std::string to_json(const TrainSummary& summary) {
  nlohmann::ordered_json json = {{"steps", summary.steps},
                                 {"interrupted", summary.interrupted},
                                 {"seconds", number(summary.seconds)},
                                 {"final_loss", number(summary.final_loss)},
                                 {"metrics", nlohmann::ordered_json::object()},
                                 {"model", summary.model_directory.string()},
                                 {"model_step", summary.model_step}};
  for (const auto& [name, value] : summary.metrics) json["metrics"][name] = number(value);
  if (summary.failed_evaluations > 0) json["failed_evaluations"] = summary.failed_evaluations;
  if (!summary.at_chance.empty()) json["at_chance"] = summary.at_chance;
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string to_json(const DryRunReport& report) {
  nlohmann::ordered_json names = nlohmann::ordered_json::array();
  for (const auto& [name, value] : report.metrics) names.push_back(name);
  return nlohmann::ordered_json{{"parameters", report.parameters},
                                {"samples_checked", report.samples_checked},
                                {"bad_samples", report.bad_samples},
                                {"seconds_per_step", number(report.seconds_per_step)},
                                {"estimated_seconds", number(report.estimated_seconds)},
                                {"memory_mb", number(report.memory_mb)},
                                {"checkpoint_mb", number(report.checkpoint_mb)},
                                {"metrics", std::move(names)}}
      .dump();
}

void Progress::show(const StepStats& stats) {
  if (terminal_) {
    write_passing_note(describe(stats));
  } else {
    write_note(describe(stats) + "\n");
  }
  line_open_ = terminal_;
}

void Progress::finish() {
  if (line_open_) write_note("\n");
  line_open_ = false;
}

}  // namespace tandem::apps
