#include <string>

#include <nlohmann/json.hpp>

#include "tandem/config/load.h"
#include "tandem/core/error.h"

/// Any bytes as clip-eval's task file: what check_json takes, the JSON library reads and writes
/// again, however deep, and the source of each task is read or refused by name.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using Json = nlohmann::ordered_json;
  const std::string input(reinterpret_cast<const char*>(data), size);
  try {
    tandem::check_json(input, "fuzz");
  } catch (const tandem::Error&) {
    return 0;
  }
  const Json tasks = Json::parse(input, nullptr, false);
  if (tasks.is_discarded()) return 0;  // a number beyond double
  (void)tasks.dump();
  if (!tasks.is_array()) return 0;
  for (const Json& task : tasks) {
    if (!task.is_object() || !task.contains("data")) continue;
    try {
      (void)tandem::parse_source(task["data"].dump(), "fuzz");
    } catch (const tandem::Error&) {
    }
  }
  return 0;
}
