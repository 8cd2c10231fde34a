#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>

namespace tandem {

enum class LogLevel { kDebug, kInfo, kWarn, kError, kOff };

/// Hands `message` to every sink whose level admits it. Thread-safe. A message is a sentence with
/// units; `kInfo` is something a user wants once per event, `kWarn` means that the work continues
/// but somebody should know. Control characters are escaped (printable in core/text.h), line ends
/// kept.
void log(LogLevel level, std::string_view message);

inline void log_debug(std::string_view message) { log(LogLevel::kDebug, message); }
inline void log_info(std::string_view message) { log(LogLevel::kInfo, message); }
inline void log_warn(std::string_view message) { log(LogLevel::kWarn, message); }

/// Sends messages of `level` and above to standard error. The library starts with no sink at all:
/// it is silent until a program asks. Calling again only changes the level.
void log_to_stderr(LogLevel level);

/// A file that receives every message while it lives, with the time in front. Throws kCannotCreate.
class LogFile {
 public:
  explicit LogFile(const std::filesystem::path& path);
  ~LogFile();
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

/// Returns the level called `name`: debug, info, warn, error or off. Throws kUsage for another
/// name.
[[nodiscard]] LogLevel parse_log_level(std::string_view name);

}  // namespace tandem
