#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace tandem::apps {

/// Sets json[key] to a file's name. JSON holds UTF-8 only: a name of other bytes is escaped
/// (escape_bytes in tandem/core/text.h), and json[key + "_escaped"] is true.
void put_name(nlohmann::ordered_json& json, const std::string& key, const std::string& name);

/// Returns `json` in one line.
[[nodiscard]] std::string one_line(const nlohmann::ordered_json& json);

}  // namespace tandem::apps
