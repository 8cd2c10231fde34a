#pragma once

#include <string>
#include <utility>
#include <vector>

namespace tandem::apps {

/// A section of the report, with its lines in order.
struct Finding {
  std::string section;
  std::vector<std::pair<std::string, std::string>> lines;
};

/// Returns what there is to know about this machine: versions, devices, CPU features, image
/// formats, limits.
[[nodiscard]] std::vector<Finding> examine_machine();

/// Returns the findings as readable lines, or as one JSON object.
[[nodiscard]] std::string findings_text(const std::vector<Finding>& findings);
[[nodiscard]] std::string findings_json(const std::vector<Finding>& findings);

}  // namespace tandem::apps
