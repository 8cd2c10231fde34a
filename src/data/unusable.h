#pragma once

#include <string>
#include <string_view>

#include "tandem/core/error.h"

namespace tandem {

/// One sample that cannot be used, with the short stable reason under which it is counted.
class UnusableSample : public Error {
 public:
  UnusableSample(ErrorKind kind, std::string reason, const ErrorText& text)
      : Error(kind, text), reason_(std::move(reason)) {}
  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }

 private:
  std::string reason_;
};

/// Returns the reason under which a sample that failed with `error` is counted ("truncated JPEG",
/// "missing file" …). `key` is the sample's name: words in it are not taken for a reason.
[[nodiscard]] std::string unusable_reason(const Error& error, std::string_view key);

/// Returns what errno value `error` says about `path`; for a refused access also whose file it is,
/// its mode and who we are.
[[nodiscard]] std::string access_problem(const std::string& path, int error);

}  // namespace tandem
