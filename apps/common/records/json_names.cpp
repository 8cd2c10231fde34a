#include "common/records/json_names.h"

#include "tandem/core/text.h"

namespace tandem::apps {

void put_name(nlohmann::ordered_json& json, const std::string& key, const std::string& name) {
  if (is_utf8(name)) {
    json[key] = name;
  } else {
    json[key] = escape_bytes(name);
    json[key + "_escaped"] = true;
  }
}

std::string one_line(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace tandem::apps
