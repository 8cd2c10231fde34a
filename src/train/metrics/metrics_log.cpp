#include "train/metrics/metrics_log.h"

#include <chrono>
#include <cmath>
#include <limits>
#include <sstream>

#include <nlohmann/json.hpp>

namespace tandem {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kLoss = "train/loss";
constexpr const char* kChanceLoss = "train/chance_loss";

}  // namespace

double wall_time() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

MetricsLog::MetricsLog(std::filesystem::path path, int64_t step)
    : path_(std::move(path)), last_loss_(std::numeric_limits<double>::quiet_NaN()) {
  cut_back(step);
  file_.emplace(path_);
}

void MetricsLog::cut_back(int64_t step) {
  std::string kept;
  if (std::filesystem::exists(path_)) {
    std::istringstream lines(read_file(path_));
    for (std::string line; std::getline(lines, line);) {
      const Json entry = Json::parse(line, nullptr, /*allow_exceptions=*/false);
      if (!entry.is_object() || !entry.contains("step") || entry["step"] > step) continue;
      kept += line + "\n";
      if (!entry.contains(kLoss) || !entry[kLoss].is_number()) continue;
      last_loss_ = entry[kLoss];
      if (entry.contains(kChanceLoss) && entry[kChanceLoss].is_number())
        note_loss(entry["step"], last_loss_, entry[kChanceLoss]);
    }
  }
  write_file_atomically(path_, kept);
}

void MetricsLog::write(int64_t step, int64_t samples, const std::map<std::string, double>& values) {
  Json entry = {{"step", step}, {"samples", samples}, {"wall_time", wall_time()}};
  for (const auto& [name, value] : values) entry[name] = value;
  file_->append(entry.dump() + "\n");
  const auto loss = values.find(kLoss);
  if (loss == values.end()) return;
  last_loss_ = loss->second;
  const auto chance = values.find(kChanceLoss);
  if (chance != values.end()) note_loss(step, last_loss_, chance->second);
}

void MetricsLog::note_loss(int64_t step, double loss, double chance) {
  if (!std::isfinite(loss) || !std::isfinite(chance)) return;
  const int64_t before = losses_.empty() ? 0 : losses_.back().step;
  losses_.push_back({.step = step, .steps = step - before, .loss = loss, .chance = chance});
}

}  // namespace tandem
