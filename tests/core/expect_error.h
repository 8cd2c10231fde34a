#pragma once

#include <functional>
#include <string>

#include <gtest/gtest.h>

#include "tandem/core/error.h"

namespace tandem {

/// Runs `action`, which must throw an Error of `kind` whose text contains `part`; returns the text.
inline std::string expect_error(ErrorKind kind, const std::string& part,
                                const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos)
        << "\"" << part << "\" is missing in: " << error.what();
    return error.what();
  } catch (const std::exception& error) {
    ADD_FAILURE() << "another exception instead of \"" << part << "\": " << error.what();
    return {};
  }
  ADD_FAILURE() << "nothing was thrown instead of \"" << part << "\"";
  return {};
}

}  // namespace tandem
