#include "tandem/core/error.h"

#include <utility>

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

Error::Error(ErrorKind kind, ErrorText text)
    : std::runtime_error(compose(text)),
      kind_(kind),
      text_(std::make_shared<const ErrorText>(std::move(text))) {}

Error::Error(const std::string& message, ErrorKind kind, std::shared_ptr<const ErrorText> text)
    : std::runtime_error(message), kind_(kind), text_(std::move(text)) {}

std::string_view Error::reason() const noexcept {
  return text_->reason.empty() ? default_reason(kind_) : text_->reason;
}

Error Error::within(const std::string& place) const {
  ErrorText text = *text_;
  text.where = text.where.empty() ? place : place + ": " + text.where;
  const std::string message = printable(shortened(place, kLongestPart)) + ": " + what();
  return {message, kind_, std::make_shared<const ErrorText>(std::move(text))};
}

Error Error::with_note(const std::string& note) const {
  return {std::string(what()) + "\n" + note, kind_, text_};
}

std::string_view default_reason(ErrorKind kind) noexcept {
  switch (kind) {
    case ErrorKind::kUsage: return "wrong usage";
    case ErrorKind::kConfig: return "invalid configuration";
    case ErrorKind::kData: return "invalid data";
    case ErrorKind::kMissingInput: return "unreadable file";
    case ErrorKind::kDevice: return "unavailable device";
    case ErrorKind::kCannotCreate: return "cannot create";
    case ErrorKind::kIo: return "read error";
    case ErrorKind::kCheckpoint: return "invalid checkpoint";
    case ErrorKind::kDiverged: return "diverged";
    case ErrorKind::kInterrupted: return "interrupted";
    case ErrorKind::kInternal: return "internal error";
  }
  return "internal error";
}

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
