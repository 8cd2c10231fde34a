#include "tandem/core/log.h"

#include <memory>
#include <mutex>

#include <fcntl.h>

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/dist_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "core/descriptor.h"
#include "tandem/core/error.h"
#include "tandem/core/text.h"

namespace tandem {
namespace {

struct Sinks {
  std::mutex mutex;
  std::shared_ptr<spdlog::sinks::dist_sink_mt> all =
      std::make_shared<spdlog::sinks::dist_sink_mt>();
  std::shared_ptr<spdlog::sinks::sink> console;
  spdlog::logger logger{"tandem", all};

  Sinks() {
    logger.set_level(spdlog::level::debug);
    logger.flush_on(spdlog::level::info);                 // a killed run keeps its last words
    logger.set_error_handler([](const std::string&) {});  // spdlog would print by itself
  }
};

Sinks& sinks() {
  static Sinks instance;
  return instance;
}

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return spdlog::level::debug;
    case LogLevel::kInfo: return spdlog::level::info;
    case LogLevel::kWarn: return spdlog::level::warn;
    case LogLevel::kError: return spdlog::level::err;
    case LogLevel::kOff: return spdlog::level::off;
  }
  return spdlog::level::off;
}

}  // namespace

void log(LogLevel level, std::string_view message) {
  const std::string text = printable(message, LineEnds::kKeep);
  sinks().logger.log(to_spdlog(level), spdlog::string_view_t(text.data(), text.size()));
}

void log_to_stderr(LogLevel level) {
  Sinks& state = sinks();
  const std::lock_guard lock(state.mutex);
  if (!state.console) {
    state.console = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    state.console->set_pattern("%l: %v");
    state.all->add_sink(state.console);
  }
  state.console->set_level(to_spdlog(level));
}

struct LogFile::Implementation {
  std::shared_ptr<spdlog::sinks::sink> sink;
};

LogFile::LogFile(const std::filesystem::path& path)
    : implementation_(std::make_unique<Implementation>()) {
  Sinks& state = sinks();
  const std::lock_guard lock(state.mutex);
  const Descriptor probe(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC);
  if (probe.get() < 0) fail(ErrorKind::kCannotCreate, "cannot open the log file", path);
  try {
    implementation_->sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path.string());
    implementation_->sink->set_pattern("%Y-%m-%dT%H:%M:%S.%e %l: %v");
    state.all->add_sink(implementation_->sink);
  } catch (const spdlog::spdlog_ex& error) {
    const std::string_view words = error.what();  // `Failed opening file … for writing: reason`
    throw Error(ErrorKind::kCannotCreate,
                {.what = "cannot open the log file",
                 .where = path.string(),
                 .found = std::string(words.substr(words.rfind(": ") + 2))});
  }
}

LogFile::~LogFile() {
  Sinks& state = sinks();
  const std::lock_guard lock(state.mutex);
  implementation_->sink->flush();
  state.all->remove_sink(implementation_->sink);
}

LogLevel parse_log_level(std::string_view name) {
  if (name == "debug") return LogLevel::kDebug;
  if (name == "info") return LogLevel::kInfo;
  if (name == "warn") return LogLevel::kWarn;
  if (name == "error") return LogLevel::kError;
  if (name == "off") return LogLevel::kOff;
  throw Error(ErrorKind::kUsage, {.what = "unknown log level",
                                  .expected = "debug, info, warn, error or off",
                                  .found = std::string(name)});
}

}  // namespace tandem
