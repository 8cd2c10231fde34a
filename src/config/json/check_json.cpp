#include <string>
#include <unordered_set>

#include <fmt/format.h>

#include "config/json/json.h"
#include "config/json/strings.h"
#include "tandem/config/load.h"
#include "tandem/core/error.h"

namespace tandem {
namespace {

using config::JsonError;
using config::JsonMember;
using config::JsonValue;

void refuse_repeated_keys(const JsonValue& value) {
  std::unordered_set<std::string_view> seen;
  for (const JsonMember& member : value.members) {
    if (!seen.insert(member.key).second)
      throw JsonError(member.at, fmt::format("the key {} appears twice in one object",
                                             config::quote_json(config::shorten(member.key))));
    refuse_repeated_keys(member.value);
  }
  for (const JsonValue& item : value.items) refuse_repeated_keys(item);
}

}  // namespace

void check_json(std::string_view json, const std::string& name) {
  try {
    refuse_repeated_keys(config::parse_json(json));
  } catch (const JsonError& error) {
    throw Error(ErrorKind::kConfig, {.what = error.what(),
                                     .where = fmt::format("{}, line {}, column {}", name,
                                                          error.at().line, error.at().column)});
  }
}

}  // namespace tandem
