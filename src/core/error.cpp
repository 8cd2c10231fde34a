#include "tandem/core/error.h"

#include "tandem/core/text.h"

namespace tandem {
namespace {

std::string compose(const ErrorText& text) {
  std::string message;
  if (!text.where.empty()) message += printable(text.where) + ": ";
  message += text.what;
  if (!text.expected.empty()) message += ": expected " + text.expected;
  if (!text.found.empty())
    message += (text.expected.empty() ? ": found " : ", found ") + text.found;
  if (!text.hint.empty()) message += ". Try: " + text.hint;
  return message;
}

}  // namespace

Error::Error(ErrorKind kind, const ErrorText& text)
    : std::runtime_error(compose(text)), kind_(kind) {}

int exit_code(ErrorKind kind) noexcept {
  switch (kind) {
    case ErrorKind::kUsage: return 64;
    case ErrorKind::kConfig: return 78;
    case ErrorKind::kData: return 65;
    case ErrorKind::kCheckpoint: return 65;
    case ErrorKind::kMissingInput: return 66;
    case ErrorKind::kDevice: return 69;
    case ErrorKind::kCannotCreate: return 73;
    case ErrorKind::kIo: return 74;
    case ErrorKind::kDiverged: return 17;
    case ErrorKind::kInterrupted: return 75;
    case ErrorKind::kInternal: return 70;
  }
  return 70;
}

}  // namespace tandem
