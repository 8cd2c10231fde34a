#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include <nlohmann/json.hpp>

namespace tandem {

/// A record of a caption file, with its place for messages: `images[7]`.
struct JsonRecord {
  const std::string& list;  ///< Empty for the list at the top.
  int64_t number;
  nlohmann::json& value;
};

/// Calls `take` for every element of the list at the top of a JSON file, or of the lists in the
/// object at the top; one element is in memory at a time. Throws kData with line and column where
/// the file is no JSON, what `take` throws, and as TextInput.
void read_json_records(const std::string& path, const std::function<void(const JsonRecord&)>& take);

}  // namespace tandem
