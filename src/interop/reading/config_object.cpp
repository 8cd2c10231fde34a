#include "interop/reading/config_object.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tandem/core/error.h"
#include "tandem/core/files.h"
#include "tandem/core/json_depth.h"
#include "tandem/core/text.h"

namespace tandem {
namespace {

constexpr uint64_t kMaxConfigBytes = uint64_t{16} << 20;
constexpr size_t kShownBytes = 80;
constexpr int64_t kMaxWhole = 1'000'000'000'000;  // sums of a few fields cannot overflow

bool is_whole(const Json& value) {
  if (!value.is_number_integer()) return false;
  return std::abs(value.get<double>()) <= static_cast<double>(kMaxWhole);
}

}  // namespace

Json read_json_object(const std::filesystem::path& file) {
  const std::string text = read_file(file, kMaxConfigBytes);
  check_json_depth(text, file.string(), ErrorKind::kCheckpoint);
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_object()) return json;
  throw Error(
      ErrorKind::kCheckpoint,
      {.what = json.is_discarded() ? "the file is not valid JSON" : "the file holds no JSON object",
       .where = file.string()});
}

std::string shown(const Json& value) {
  std::string text = value.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
  if (text.size() > kShownBytes) text = text.substr(0, kShownBytes) + "…";
  return text;
}

ConfigObject::ConfigObject(Json object, std::string where)
    : object_(std::move(object)), where_(std::move(where)) {}

const Json* ConfigObject::find(std::string_view key) {
  read_.emplace(key);
  const auto found = object_.find(std::string(key));
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

void ConfigObject::refuse(std::string_view key, const std::string& expected) const {
  const auto found = object_.find(std::string(key));
  throw Error(ErrorKind::kCheckpoint,
              {.what = fmt::format("field {} is not what this library can represent", key),
               .where = where_,
               .expected = expected,
               .found = found == object_.end() ? "nothing" : shown(*found)});
}

int64_t ConfigObject::integer(std::string_view key, int64_t fallback) {
  const Json* value = find(key);
  if (!value) return fallback;
  if (!is_whole(*value)) refuse(key, "a whole number of at most 10^12");
  return value->get<int64_t>();
}

int64_t ConfigObject::side(std::string_view key, int64_t fallback) {
  const Json* value = find(key);
  if (!value) return fallback;
  const bool pair = value->is_array() && value->size() == 2 && (*value)[0] == (*value)[1];
  const Json& number = pair ? (*value)[0] : *value;
  if (!is_whole(number)) refuse(key, "a whole number of at most 10^12, or two equal ones");
  return number.get<int64_t>();
}

double ConfigObject::number(std::string_view key, double fallback) {
  const Json* value = find(key);
  if (!value) return fallback;
  if (!value->is_number()) refuse(key, "a number");
  return value->get<double>();
}

bool ConfigObject::flag(std::string_view key, bool fallback) {
  const Json* value = find(key);
  if (!value) return fallback;
  if (!value->is_boolean()) refuse(key, "true or false");
  return value->get<bool>();
}

std::string ConfigObject::text(std::string_view key, std::string_view fallback) {
  const Json* value = find(key);
  if (!value) return std::string(fallback);
  if (!value->is_string()) refuse(key, "a text");
  return value->get<std::string>();
}

std::array<double, 3> ConfigObject::three_numbers(std::string_view key,
                                                  const std::array<double, 3>& fallback) {
  const Json* value = find(key);
  if (!value) return fallback;
  if (value->is_number()) {
    const double same = value->get<double>();
    return {same, same, same};
  }
  const auto is_number = [](const Json& each) { return each.is_number(); };
  if (!value->is_array() || value->size() != 3 ||
      !std::all_of(value->begin(), value->end(), is_number))
    refuse(key, "three numbers, or one for all");
  return value->get<std::array<double, 3>>();
}

ConfigObject ConfigObject::object(std::string_view key) {
  const Json* value = find(key);
  if (value && !value->is_object()) refuse(key, "an object");
  return {value ? *value : Json::object(), fmt::format("{}: {}", where_, key)};
}

Json ConfigObject::raw(std::string_view key) {
  const Json* value = find(key);
  return value ? *value : Json();
}

bool ConfigObject::has(std::string_view key) const {
  const auto found = object_.find(std::string(key));
  return found != object_.end() && !found->is_null();
}

bool ConfigObject::is_null(std::string_view key) const {
  const auto found = object_.find(std::string(key));
  return found != object_.end() && found->is_null();
}

void ConfigObject::require(std::span<const RequiredValue> values) {
  for (const RequiredValue& each : values) {
    const Json* value = find(each.key);
    if (value && *value != Json::parse(each.json)) refuse(each.key, std::string(each.json));
  }
}

void ConfigObject::allow(std::span<const std::string_view> harmless) {
  read_.insert(harmless.begin(), harmless.end());
}

void ConfigObject::finish() const {
  std::vector<std::string> unknown;
  for (const auto& [key, value] : object_.items()) {
    if (!read_.contains(key) && !value.is_null())
      unknown.push_back(fmt::format("{} = {}", shortened(key, kShownBytes), shown(value)));
  }
  if (unknown.empty()) return;
  throw Error(ErrorKind::kCheckpoint,
              {.what = "fields that this library does not know, and that may change numbers",
               .where = where_,
               .found = fmt::format("{}", fmt::join(unknown, ", "))});
}

}  // namespace tandem
