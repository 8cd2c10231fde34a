#pragma once

#include <cstddef>

#include "tandem/core/error.h"

namespace tandem::apps {

/// What unusable pictures make of the exit code: 66 when all of them are only missing, 65 when one
/// is damaged.
class Failures {
 public:
  void add(const Error& error) {
    ++count_;
    if (error.kind() != ErrorKind::kMissingInput) kind_ = ErrorKind::kData;
  }
  [[nodiscard]] size_t count() const { return count_; }
  [[nodiscard]] int code() const { return count_ == 0 ? 0 : exit_code(kind_); }

 private:
  size_t count_ = 0;
  ErrorKind kind_ = ErrorKind::kMissingInput;
};

}  // namespace tandem::apps
