#include "data/stream/bad_samples.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "tandem/core/error.h"
#include "tandem/core/log.h"

namespace tandem {
namespace {

constexpr uint64_t kReportedFirst = 3;
constexpr uint64_t kReportedEvery = 1000;
constexpr size_t kExamples = 3;
constexpr size_t kMessageBytes = 2000;

std::string name_of(const BadSample& sample) {
  const bool named = sample.message.find(sample.key) != std::string::npos;
  return named ? sample.message : fmt::format("{}: {}", sample.key, sample.message);
}

}  // namespace

void BadSamples::add(const BadSample& sample) {
  ++total_;
  ++by_reason_[sample.reason];
  if (examples_.size() < kExamples) examples_.push_back(name_of(sample));
  report(sample);
  if (!path_.empty()) list(sample);
}

void BadSamples::report(const BadSample& sample) const {
  if (total_ > kReportedFirst && total_ % kReportedEvery != 0) return;
  log_warn(fmt::format("Invalid sample skipped ({}): {}", sample.reason, name_of(sample)));
  if (total_ == kReportedFirst) {
    log_warn(fmt::format("From now on, one in {} skipped samples is reported{}.", kReportedEvery,
                         path_.empty() ? "" : "; all are listed in " + path_.string()));
  }
}

void BadSamples::list(const BadSample& sample) {
  if (!file_.is_open()) {
    file_.open(path_, std::ios::app);
    if (!file_)
      throw Error(ErrorKind::kCannotCreate,
                  {.what = "cannot open the list of invalid samples", .where = path_.string()});
  }
  nlohmann::ordered_json line;
  line["key"] = sample.key;
  line["reason"] = sample.reason;
  line["message"] = sample.message.substr(0, kMessageBytes);
  line["epoch"] = sample.epoch;
  file_ << line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n'
        << std::flush;
  if (!file_)
    throw Error(ErrorKind::kIo, {.what = "cannot write the list of invalid samples",
                                 .where = path_.string(),
                                 .reason = "write error"});
}

std::string BadSamples::summary() const {
  std::string counts;
  for (const auto& [reason, count] : by_reason_)
    counts += fmt::format("{}{} {}", counts.empty() ? "" : ", ", count, reason);
  return fmt::format("{} (for instance: {})", counts, fmt::join(examples_, "; "));
}

}  // namespace tandem
