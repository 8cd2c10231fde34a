#pragma once

#include <optional>
#include <string>

#include "config/fields/fields.h"
#include "config/json/json.h"

namespace tandem::config {

/// Returns what the field accepts, for "expected …": "a whole number, at least 1 and at most 64".
[[nodiscard]] std::string expected_value(const Field& field);

/// Returns the member's value as JSON on one line; empty for an optional one that is not set.
[[nodiscard]] std::string value_text(const Field& field);

/// Sets the member. Returns what is wrong with `value` instead when it does not fit exactly; the
/// member stays as it was then.
[[nodiscard]] std::optional<std::string> assign(const Field& field, const JsonValue& value);

/// Returns what is wrong with the value that the member has, for values that did not come through
/// assign.
[[nodiscard]] std::optional<std::string> check_value(const Field& field);

}  // namespace tandem::config
