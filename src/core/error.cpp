#include "tandem/core/error.h"

#include "tandem/core/text.h"

namespace tandem {
namespace {

// In bytes. What is wrong may be several lines, or the whole message of another error.
constexpr size_t kLongestLine = 1500;
constexpr size_t kLongestPart = 600;
constexpr size_t kLongestValue = 300;

std::string shortened_lines(std::string_view text) {
  std::string lines;
  for (size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    lines += shortened(text.substr(0, end), kLongestLine) + "\n";
    text.remove_prefix(end + 1);
  }
  return lines + shortened(text, kLongestLine);
}

std::string compose(const ErrorText& text) {
  std::string message;
  if (!text.where.empty()) message += printable(shortened(text.where, kLongestPart)) + ": ";
  message += shortened_lines(text.what);
  if (!text.expected.empty()) message += ": expected " + shortened(text.expected, kLongestPart);
  if (!text.found.empty()) {
    message += text.expected.empty() ? ": found " : ", found ";
    message += shortened(text.found, kLongestValue);
  }
  if (!text.hint.empty()) message += ". Try: " + shortened(text.hint, kLongestPart);
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
