#include "text/steps/json_view.h"

#include <algorithm>

#include <fmt/format.h>

#include "tandem/core/error.h"
#include "tandem/core/json_depth.h"
#include "text/unicode/unicode.h"

namespace tandem {
namespace {

constexpr int kDeepestSequence = 8;

size_t count_keys(const nlohmann::json& value) {
  size_t count = value.is_object() ? value.size() : 0;
  if (value.is_structured())
    for (const nlohmann::json& each : value) count += count_keys(each);
  return count;
}

}  // namespace

bool JsonView::has(const char* key) const {
  if (!value_->is_object()) return false;
  const auto found = value_->find(key);
  return found != value_->end() && !found->is_null();
}

JsonView JsonView::at(const char* key) const {
  if (!value_->is_object()) reject("is not an object", "an object");
  const auto found = value_->find(key);
  if (found == value_->end()) reject(fmt::format("has no \"{}\"", key));
  return {*found, path_ + (path_.ends_with(": ") ? "" : ".") + key};
}

std::vector<JsonView> JsonView::elements() const {
  if (!value_->is_array()) reject("is not a list", "a list");
  std::vector<JsonView> views;
  views.reserve(value_->size());
  for (size_t index = 0; index < value_->size(); ++index)
    views.emplace_back((*value_)[index], fmt::format("{}[{}]", path_, index));
  return views;
}

std::vector<JsonView> JsonView::sequence(const char* key, int depth) const {
  if (depth == kDeepestSequence) reject("is nested too deeply");
  return at(key).elements();
}

const std::string& JsonView::string() const {
  if (!value_->is_string()) reject("is not a string", "a string");
  return value_->get_ref<const std::string&>();
}

bool JsonView::boolean() const {
  if (!value_->is_boolean()) reject("is not a boolean", "true or false");
  return value_->get<bool>();
}

int64_t JsonView::integer(int64_t least, int64_t most) const {
  const std::string range = fmt::format("a whole number from {} to {}", least, most);
  if (!value_->is_number_integer()) reject("is not an integer", range);
  const bool huge = value_->is_number_unsigned() && value_->get<uint64_t>() > INT64_MAX;
  if (huge || value_->get<int64_t>() < least || value_->get<int64_t>() > most)
    reject("is out of range", range);
  return value_->get<int64_t>();
}

double JsonView::number() const {
  if (!value_->is_number()) reject("is not a number", "a number");
  return value_->get<double>();
}

char32_t JsonView::character() const {
  const std::string& text = string();
  if (text.empty() || code_point_at(text.data()).bytes != text.size())
    reject("is not one character", "a string of one character");
  return code_point_at(text.data()).value;
}

std::string JsonView::string_or(const char* key, const std::string& otherwise) const {
  return has(key) ? at(key).string() : otherwise;
}

bool JsonView::boolean_or(const char* key, bool otherwise) const {
  return has(key) ? at(key).boolean() : otherwise;
}

void JsonView::reject(std::string what, std::string expected) const {
  std::string found;
  if (!value_->is_structured())
    found = value_->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (found.size() > 80) found = found.substr(0, 77) + "...";
  throw Error(ErrorKind::kCheckpoint, {.what = std::move(what),
                                       .where = path_,
                                       .expected = std::move(expected),
                                       .found = std::move(found)});
}

nlohmann::json parse_tokenizer_json(std::string_view text, const std::string& where) {
  size_t keys = 0;
  size_t deepest = 0;
  const auto watch = [&](int depth, nlohmann::json::parse_event_t event, nlohmann::json&) {
    if (event == nlohmann::json::parse_event_t::key) ++keys;
    deepest = std::max(deepest, static_cast<size_t>(depth));
    // What is deeper is dropped while it is read, and refused below.
    return static_cast<size_t>(depth) <= kMaxJsonDepth;
  };
  nlohmann::json json;
  try {
    json = nlohmann::json::parse(text.begin(), text.end(), watch);
  } catch (const nlohmann::json::parse_error& error) {
    throw Error(ErrorKind::kCheckpoint, {.what = "is not valid JSON",
                                         .where = where,
                                         .found = fmt::format("an error at byte {}", error.byte),
                                         .hint = "copy the file again"});
  } catch (const nlohmann::json::out_of_range&) {
    throw Error(ErrorKind::kCheckpoint,
                {.what = "is not valid JSON", .where = where, .found = "a number without end"});
  }
  if (deepest > kMaxJsonDepth) {
    throw Error(ErrorKind::kCheckpoint,
                {.what = "is nested too deeply",
                 .where = where,
                 .expected = fmt::format("at most {} levels", kMaxJsonDepth)});
  }
  if (count_keys(json) != keys) {
    throw Error(ErrorKind::kCheckpoint, {.what = "a key appears twice in one object",
                                         .where = where,
                                         .hint = "copy the file again"});
  }
  return json;
}

}  // namespace tandem
