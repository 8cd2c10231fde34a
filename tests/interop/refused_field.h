#pragma once

#include <functional>
#include <string>

#include "core/expect_error.h"

namespace tandem::test {

/// Runs `read`, which must refuse a configuration because of `field`: its value is none that the
/// library can represent, or the field is not known.
inline Error expect_refused_field(const std::string& field, const std::function<void()>& read) {
  const Error error = expect_error(ErrorKind::kCheckpoint, ErrorParts(), read);
  const bool is_known = error.text().what.starts_with("field ");
  expect_parts(error, is_known ? ErrorParts{.what = "field " + field + " is not"}
                               : ErrorParts{.what = "does not know", .found = field + " = "});
  return error;
}

}  // namespace tandem::test
