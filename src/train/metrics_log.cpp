#include "train/metrics_log.h"

#include <chrono>
#include <limits>
#include <sstream>

#include <nlohmann/json.hpp>

namespace tandem {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kLoss = "train/loss";

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
      if (entry.contains(kLoss) && entry[kLoss].is_number()) last_loss_ = entry[kLoss];
    }
  }
  write_file_atomically(path_, kept);
}

void MetricsLog::write(int64_t step, int64_t samples, const std::map<std::string, double>& values) {
  Json entry = {{"step", step}, {"samples", samples}, {"wall_time", wall_time()}};
  for (const auto& [name, value] : values) entry[name] = value;
  file_->append(entry.dump() + "\n");
  if (const auto loss = values.find(kLoss); loss != values.end()) last_loss_ = loss->second;
}

}  // namespace tandem
