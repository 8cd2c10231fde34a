#include "data/unusable.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

namespace tandem {
namespace {

/// The part of a message that says what is wrong: behind the file's name, before the details.
std::string_view what_part(std::string_view message, std::string_view key) {
  const std::string name = std::string(key.substr(key.find_last_of('/') + 1)) + ": ";
  const size_t at = message.rfind(name);
  if (at != std::string_view::npos) message.remove_prefix(at + name.size());
  return message.substr(0, message.find(": "));
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::string reason_by_kind(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kData: return "unusable data";
    case ErrorKind::kMissingInput: return "unreadable file";
    case ErrorKind::kIo: return "read error";
    default: return "internal error";
  }
}

}  // namespace

std::string unusable_reason(const Error& error, std::string_view key) {
  if (const auto* sample = dynamic_cast<const UnusableSample*>(&error)) return sample->reason();
  const std::string_view what = what_part(error.what(), key);
  if (what.starts_with("truncated ") || what.starts_with("damaged ")) return std::string(what);
  if (contains(what, "not a picture")) return "not an image";
  if (contains(what, "too many pixels")) return "too many pixels";
  if (contains(what, "too many scans")) return "too many scans";
  if (contains(what, "too narrow")) return "too narrow";
  return reason_by_kind(error.kind());
}

std::string access_problem(const std::string& path, int error) {
  const std::string reason = std::strerror(error);
  struct stat info {};
  if (error != EACCES || ::stat(path.c_str(), &info) != 0) return reason;
  return fmt::format("{} (mode {:04o}, owner uid {}, we are uid {})", reason, info.st_mode & 07777U,
                     info.st_uid, ::geteuid());
}

}  // namespace tandem
