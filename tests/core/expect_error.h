#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "tandem/core/error.h"

namespace tandem {

/// Runs `action` and returns the Error that it must throw.
inline Error error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  } catch (const std::exception& error) {
    ADD_FAILURE() << "another exception was thrown: " << error.what();
    return {ErrorKind::kInternal, "another exception"};
  }
  ADD_FAILURE() << "nothing was thrown";
  return {ErrorKind::kInternal, "nothing"};
}

/// What must occur in the parts of an error; the reason must be equal. Empty parts are not
/// compared.
struct ErrorParts {
  std::string what = {};
  std::string where = {};
  std::string expected = {};
  std::string found = {};
  std::string hint = {};
  std::string reason = {};
};

/// Fails the test unless `error` has `parts`.
inline void expect_parts(const Error& error, const ErrorParts& parts) {
  const ErrorText& text = error.text();
  const auto expect_part = [&](const char* name, std::string_view part, std::string_view whole) {
    EXPECT_NE(whole.find(part), std::string_view::npos)
        << "\"" << part << "\" is missing in `" << name << "` of: " << error.what();
  };
  expect_part("what", parts.what, text.what);
  expect_part("where", parts.where, text.where);
  expect_part("expected", parts.expected, text.expected);
  expect_part("found", parts.found, text.found);
  expect_part("hint", parts.hint, text.hint);
  if (!parts.reason.empty()) {
    EXPECT_EQ(error.reason(), parts.reason) << error.what();
  }
}

/// Runs `action`, which must throw an Error of `kind` with `parts`; returns it.
inline Error expect_error(ErrorKind kind, const ErrorParts& parts,
                          const std::function<void()>& action) {
  Error error = error_of(action);
  EXPECT_EQ(error.kind(), kind) << error.what();
  expect_parts(error, parts);
  return error;
}

}  // namespace tandem
